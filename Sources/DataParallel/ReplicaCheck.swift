import Layers
import LinearAlgebra
import Parallel
import Storage

/// Compares what all ranks hold, now and then: values that every rank updates or receives must be the same bits on all.
/// A memory or a processor that errs shows itself, and so do processors of two kinds that round differently.
public final class ReplicaCheck {
    private let every: Int
    /// The step of the last comparison.
    private var last = 0
    private let communicator: Communicator

    /// Collective: makes a communicator of its own.
    ///
    /// - Parameter steps: steps from one comparison to the next.
    public init(every steps: Int, on world: Communicator) throws(MPIError) {
        every = steps
        communicator = try world.duplicate()
    }

    /// Compares all parameters, if so many steps are done since the last time, or were on the way to this one.
    /// Collective: one allreduce of 16 bytes a parameter, and a pass over the values.
    ///
    /// - Throws: `CollectiveError` that names the first parameter that differs; `MPIError`.
    public func check(_ values: LearnedValues, step: Int) throws {
        guard isDue(step) else { return }
        try compare(
            values.parameters.enumerated().map { ($1.name, values.matrix($0)) }, at: "step \(step)")
    }

    /// Compares one matrix, if it is its iteration.
    ///
    /// - Throws: as above.
    public func check(_ values: Matrix<Float>, called name: String, iteration: Int) throws {
        guard isDue(iteration) else { return }
        try compare([(name, values)], at: "iteration \(iteration)")
    }

    private func isDue(_ step: Int) -> Bool {
        // Training may begin again at its first step.
        guard step / every != last / every else { return false }
        last = step
        return true
    }

    private func compare(_ all: [(name: String, values: Matrix<Float>)], at place: String) throws {
        // The largest checksum, and minus the smallest.
        var ends = all.flatMap { one in
            let sum = Int64(checksum(UnsafeRawBufferPointer(one.values.elements)))
            return [sum, -sum]
        }
        try ends.withUnsafeMutableBufferPointer { try communicator.allReduce(inPlace: $0, .max) }
        guard let k = all.indices.first(where: { ends[2 * $0] != -ends[2 * $0 + 1] }) else { return }
        // All ranks see the same sums, so all leave together.
        try communicator.agree {
            throw TrainingError(
                "--check-replicas: expected the same values of \(all[k].name) on all ranks at \(place), found "
                    + "different ones: a memory or a processor errs, or the ranks run on processors of several kinds")
        }
    }
}
