import Parallel

/// A loop that is longer on some ranks than on others, between whose steps all ranks meet: each meets the others as
/// often as the longest loop asks for.
public struct EvenSteps {
    private let meet: () throws -> Void
    private var left: Int

    /// Costs one allreduce of 8 bytes.
    ///
    /// - Parameters:
    ///   - own: this rank's steps.
    ///   - meet: what all ranks do together after a step, such as `Checkpoints.listen`.
    public init(_ own: Int, on communicator: Communicator, meet: @escaping () throws -> Void) throws(MPIError) {
        self.meet = meet
        left = Int(try communicator.allReduce(Int64(own), .max))
    }

    /// Ends one of this rank's steps.
    public mutating func endStep() throws {
        left -= 1
        try meet()
    }

    /// Meets the ranks whose loops are longer.
    public mutating func endLoop() throws {
        while left > 0 { try endStep() }
    }
}
