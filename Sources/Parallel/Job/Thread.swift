import Glibc

/// Runs `body` on a thread of its own that nobody waits for.
///
/// - Returns: 0, else the system's error number: no memory for its stack, or too many threads.
package func startThread(_ body: @escaping @Sendable () -> Void) -> Int32 {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body))
    let failure = pthread_create(&thread, nil, { box in
        Unmanaged<Box>.fromOpaque(box!).takeRetainedValue().body()
        return nil
    }, box.toOpaque())
    if failure == 0 { pthread_detach(thread) } else { box.release() }
    return failure
}
