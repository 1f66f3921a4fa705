import Foundation

extension Checkpoints {
    /// What a run asks for.
    public struct Options {
        /// Seconds from one checkpoint to the next; nil: ten minutes, and so rare that they take less than 1 % of the
        /// time.
        public var every: Double?
        /// When the time of the job is over, as far as is known; called about four times a second on rank 0.
        public var end: () -> Date? = { nil }
        /// Bytes that the files of the run take on the same disk, which a checkpoint leaves free.
        public var room = 0
        /// Tells people what was kept, on rank 0.
        public var say: (String) -> Void = { _ in }
        /// Tells people what could not be kept, on rank 0.
        public var warn: (String) -> Void = { _ in }

        public init() {}
    }
}
