import Dispatch
import Parallel
import Synchronization

/// Writes what a rank writes of a checkpoint on a thread of its own, one file at a time.
final class PartWriter: Sendable {
    typealias Written = Result<(checksum: UInt32, seconds: Double), any Error>

    private struct State {
        var isWriting = false
        var written: Written?
    }

    private let state = Mutex(State())
    private let writing = DispatchGroup()

    /// Whether a file is on its way.
    var isWriting: Bool { state.withLock(\.isWriting) }

    /// Begins to write.
    ///
    /// - Parameter body: writes a file of what nobody changes meanwhile, and returns the checksum of its header.
    func start(_ body: @escaping @Sendable () throws -> UInt32) {
        precondition(!isWriting, "one file is written at a time")
        state.withLock { $0 = State(isWriting: true) }
        writing.enter()
        let write: @Sendable () -> Void = {
            let clock = ContinuousClock(), start = clock.now
            let written = Written { (try body(), (clock.now - start).seconds) }
            self.state.withLock { $0 = State(isWriting: false, written: written) }
            self.writing.leave()
        }
        // Without a thread the step waits.
        if startThread(write) != 0 { write() }
    }

    /// Returns when no file is on its way.
    func wait() { writing.wait() }

    /// What the last `start` was to return, once the file is written, and how long that took.
    ///
    /// - Throws: `WriteError` where it could not be.
    func written() throws -> (checksum: UInt32, seconds: Double) {
        try state.withLock(\.written)!.get()
    }
}
