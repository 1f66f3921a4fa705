import Glibc
import Parallel
import Synchronization

/// Writes a rank's part of a checkpoint on a thread of its own, one at a time.
final class PartWriter: Sendable {
    typealias Written = Result<UInt32, any Error>

    private struct State {
        var isWriting = false
        var written: Written?
    }

    private let state = Mutex(State())

    /// Whether a part is on its way.
    var isWriting: Bool { state.withLock(\.isWriting) }

    /// Begins to write a snapshot, which nobody changes meanwhile.
    func start(_ snapshot: StateSnapshot, to path: String) {
        precondition(!isWriting, "one part is written at a time")
        state.withLock { $0 = State(isWriting: true) }
        let write: @Sendable () -> Void = {
            let written = Written { try snapshot.write(to: path) }
            self.state.withLock { $0 = State(isWriting: false, written: written) }
        }
        // Without a thread the step waits.
        if startThread(write) != 0 { write() }
    }

    /// Returns when no part is on its way.
    func wait() { while isWriting { usleep(1000) } }

    /// The checksum of the last part's header, once it is written.
    ///
    /// - Throws: `WriteError` where it could not be.
    func written() throws -> UInt32 {
        try state.withLock(\.written)!.get()
    }
}
