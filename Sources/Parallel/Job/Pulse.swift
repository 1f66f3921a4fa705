/// How the ranks of a job learn at the same place what one of them knows, such as that it was asked to stop, without a
/// collective in every step.
///
/// All ranks call `beat` equally often. About four times a second that is one allreduce of 40 bytes; else it is a
/// comparison.
public final class Pulse {
    /// What the ranks tell each other. A flag that one rank has set is set for all.
    public struct Word: Sendable {
        /// The signal that a rank was sent; 0: none.
        public internal(set) var signal: Int32 = 0
        /// The time that the job was given is nearly over.
        public var isLate = false
        /// It is time for a checkpoint.
        public var isDue = false
        /// A rank is still writing the last one.
        public var isWriting = false

        public init() {}

        /// Why the job was asked to stop; nil: it was not.
        public var reason: String? {
            if signal != 0 { return "stopped on \(StopSignals.name(of: signal))" }
            return isLate ? "stopped before the time given to the job is over" : nil
        }
    }

    private let communicator: Communicator
    private let clock = ContinuousClock()
    /// Seconds between two words.
    private static let period = 0.25
    private var beats = 0, next = 1
    private var last: ContinuousClock.Instant

    /// Watches for the signals that ask a job to stop.
    ///
    /// - Parameter communicator: not the job's own, whose bytes are counted.
    public init(_ communicator: Communicator) {
        self.communicator = communicator
        last = clock.now
        StopSignals.watch()
    }

    /// Asks all ranks at the next beat: what comes has beats of another length.
    public func restart() {
        (beats, next) = (0, 1)
        last = clock.now
    }

    /// Whether the ranks talk at this beat; the same on all of them.
    public func beat() -> Bool {
        beats += 1
        return beats >= next
    }

    /// Tells the other ranks this one's word, and returns that of all. Called by all after a `beat` that was due, or
    /// all at any other place.
    public func exchange(_ own: Word) throws(MPIError) -> Word {
        let elapsed = (clock.now - last).components
        let microseconds = elapsed.seconds * 1_000_000 + elapsed.attoseconds / 1_000_000_000_000
        func number(_ flag: Bool) -> Int64 { flag ? 1 : 0 }
        var numbers = (
            Int64(StopSignals.received), number(own.isLate), number(own.isDue), number(own.isWriting), microseconds
        )
        try withUnsafeMutableBytes(of: &numbers) { (bytes) throws(MPIError) in
            try communicator.allReduce(inPlace: bytes.bindMemory(to: Int64.self), .max)
        }
        // The slowest rank's time counts. The number grows by four at most, since a few beats are no measure.
        next = max(1, min(Int(Self.period * 1e6 * Double(beats) / Double(max(1, numbers.4))), 4 * beats))
        beats = 0
        last = clock.now
        var word = Word()
        word.signal = Int32(truncatingIfNeeded: numbers.0)
        (word.isLate, word.isDue, word.isWriting) = (numbers.1 != 0, numbers.2 != 0, numbers.3 != 0)
        if word.reason != nil { StopSignals.areHeard() }
        return word
    }
}
