import Glibc
import Parallel
import Synchronization

/// Writes what a rank writes of a checkpoint on a thread of its own, one file at a time.
final class PartWriter: Sendable {
    typealias Written = Result<UInt32, any Error>

    private struct State {
        var isWriting = false
        var written: Written?
    }

    private let state = Mutex(State())

    /// Whether a file is on its way.
    var isWriting: Bool { state.withLock(\.isWriting) }

    /// Begins to write.
    ///
    /// - Parameter body: writes a file of what nobody changes meanwhile, and returns the checksum of its header.
    func start(_ body: @escaping @Sendable () throws -> UInt32) {
        precondition(!isWriting, "one file is written at a time")
        state.withLock { $0 = State(isWriting: true) }
        let write: @Sendable () -> Void = {
            let written = Written(catching: body)
            self.state.withLock { $0 = State(isWriting: false, written: written) }
        }
        // Without a thread the step waits.
        if startThread(write) != 0 { write() }
    }

    /// Returns when no file is on its way.
    func wait() { while isWriting { usleep(1000) } }

    /// What the last `start` was to return, once the file is written.
    ///
    /// - Throws: `WriteError` where it could not be.
    func written() throws -> UInt32 {
        try state.withLock(\.written)!.get()
    }
}
