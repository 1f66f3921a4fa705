import Layers
import LinearAlgebra
import Parallel
import Storage

/// Compares what all ranks hold, now and then: values that every rank updates or receives must be the same bits on all.
/// A memory or a processor that errs shows itself, and so do processors of two kinds that round differently.
public final class ReplicaCheck {
    private let every: Int
    private let communicator: Communicator

    /// Collective: makes a communicator of its own.
    ///
    /// - Parameter steps: steps from one comparison to the next.
    public init(every steps: Int, on world: Communicator) throws(MPIError) {
        every = steps
        communicator = try world.duplicate()
    }

    /// Compares all parameters, if it is their step. Collective: one allreduce of 16 bytes a parameter, and a pass over
    /// the values.
    ///
    /// - Throws: `CollectiveError` that names the first parameter that differs; `MPIError`.
    public func check(_ values: LearnedValues, step: Int) throws {
        guard step % every == 0 else { return }
        try compare(
            values.parameters.enumerated().map { ($1.name, values.matrix($0)) }, at: "step \(step)")
    }

    /// Compares one matrix, if it is its iteration.
    ///
    /// - Throws: as above.
    public func check(_ values: Matrix<Float>, called name: String, iteration: Int) throws {
        guard iteration % every == 0 else { return }
        try compare([(name, values)], at: "iteration \(iteration)")
    }

    private func compare(_ all: [(name: String, values: Matrix<Float>)], at place: String) throws {
        // The largest checksum, and minus the smallest.
        var ends = all.flatMap { one in
            let sum = Int64(checksum(UnsafeRawBufferPointer(one.values.elements)))
            return [sum, -sum]
        }
        try ends.withUnsafeMutableBufferPointer { try communicator.allReduce(inPlace: $0, .max) }
        try communicator.agree {
            for (k, one) in all.enumerated() where ends[2 * k] != -ends[2 * k + 1] {
                throw TrainingError(
                    "--check-replicas: expected the same values of \(one.name) on all ranks at \(place), found different "
                        + "ones: a memory or a processor errs, or the ranks run on processors of several kinds")
            }
        }
    }
}
