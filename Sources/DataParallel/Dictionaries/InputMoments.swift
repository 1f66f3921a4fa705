import Datasets
import Layers
import LinearAlgebra
import Parallel

/// The moments of one plane of a layer's inputs, or of their squares, over the samples of all ranks; with several
/// channels every plane of a sample is a row.
///
/// - Parameters:
///   - grid: the shape of the layer's inputs.
///   - samples: all samples, the same list on every rank.
///   - load: puts some samples, 1000 at most, into the first rows of a matrix of as many columns as inputs.
///   - meet: what all ranks do together now and then, such as `Checkpoints.listen`.
/// - Throws: `MPIError`; what `meet` throws.
/// - Complexity: samples/P·channels·positions·(positions + 1) flops and one allreduce of 1 + n + n(n + 1)/2 Doubles
///   for n positions, and one of 8 bytes.
public func inputMoments(
    _ grid: TensorShape, samples: [Int], squared: Bool, order: ReductionOrder = .fast, communicator: Communicator,
    meet: @escaping () throws -> Void = {}, load: (ArraySlice<Int>, Matrix<Float>) -> Void
) throws -> Moments {
    var moments = Moments(size: grid.positions)
    let inputs = Matrix<Float>(rows: min(sampleChunk, samples.count), columns: grid.count)
    let sums = SampleSums(count: moments.sums.count, order: order, communicator: communicator)
    let parts = communicator.parts(of: samples, order: order)
    var steps = try EvenSteps(parts.map(\.count).reduce(0, +), on: communicator, meet: meet)
    for part in parts {
        moments = Moments(size: grid.positions)
        for chunk in part {
            load(chunk, inputs)
            let seen = inputs.rows(0..<chunk.count)
            if squared { for i in 0..<seen.elements.count { seen.elements[i] *= seen.elements[i] } }
            moments.add(seen.reshaped(rows: chunk.count * grid.channels, columns: grid.positions))
            try steps.endStep()
        }
        moments.sums.withUnsafeMutableBufferPointer { sums.take($0) }
    }
    try steps.endLoop()
    try moments.sums.withUnsafeMutableBufferPointer { try sums.sum($0) }
    return moments
}
