import Glibc

/// Runs `body` on a thread of its own that nobody waits for. A thread that cannot be made is a fatal error.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let failure = pthread_create(&thread, nil, { box in
        Unmanaged<Box>.fromOpaque(box!).takeRetainedValue().body()
        return nil
    }, Unmanaged.passRetained(Box(body)).toOpaque())
    precondition(failure == 0, "cannot start a thread: error \(failure)")
    pthread_detach(thread)
}
