import LinearAlgebra
import Parallel
import Storage

/// The centres of k-means on samples of all ranks, scaled to length 1 as atoms of a dictionary: Lloyd's iterations from
/// randomly drawn samples. A centre that loses all its samples stays where it is.
///
/// - Parameters:
///   - samples: all samples, the same list on every rank.
///   - size: values of a sample.
///   - draws: which samples, all different, are the first centres.
///   - load: puts some samples, 1000 at most, into the first rows of a matrix of `size` columns.
///   - meet: what all ranks do together now and then, such as `Checkpoints.listen`.
/// - Throws: `CollectiveError` of exit code 65 where there are fewer samples than centres; `MPIError`; what `meet`
///   throws.
/// - Complexity: 2·samples/P·count·size flops an iteration and one allreduce of count·(size + 1) Doubles; one of 8
///   bytes before them.
public func kMeans(
    count: Int, samples: [Int], size: Int, iterations: Int = 10, draws: RandomStream, order: ReductionOrder = .fast,
    communicator: Communicator, meet: @escaping () throws -> Void = {},
    load: (ArraySlice<Int>, Matrix<Float>) -> Void
) throws -> Matrix<Float> {
    try communicator.agree {
        guard samples.count >= count else {
            throw DataError(
                message: "k-means: expected at least \(count) samples, one for each centre, found \(samples.count)")
        }
    }
    let centres = Matrix<Float>(rows: count, columns: size), x = Matrix<Float>(rows: sampleChunk, columns: size)
    let scores = Matrix<Float>(rows: sampleChunk, columns: count)
    let drawn = draws.sample(count, below: samples.count).map { samples[$0] }
    for start in stride(from: 0, to: count, by: sampleChunk) {
        let part = drawn[start..<min(start + sampleChunk, count)]
        load(part, x)
        centres.rows(start..<start + part.count).copy(from: x.rows(0..<part.count))
    }
    // Every centre's row is the sum of its samples, then their number.
    let sums = Matrix<Double>(rows: count, columns: size + 1)
    let all = SampleSums(count: count * (size + 1), order: order, communicator: communicator)
    let parts = communicator.parts(of: samples, order: order)
    let stepsOfIteration = try EvenSteps(parts.map(\.count).reduce(0, +), on: communicator, meet: meet)
    for _ in 0..<iterations {
        var steps = stepsOfIteration
        let halves = (0..<count).map { c in
            let centre = centres.row(c).baseAddress!
            return Float(0.5 * dot(centre, centre, count: size))
        }
        for part in parts {
            sums.fill(0)
            for chunk in part {
                load(chunk, x)
                let seen = x.rows(0..<chunk.count), products = scores.rows(0..<chunk.count)
                multiply(seen, centres, transposed: .second, into: products)
                for r in 0..<chunk.count {
                    // The nearest centre has the largest x·c − ½‖c‖².
                    let row = products.row(r)
                    var best = 0
                    for c in 1..<max(count, 1) where row[c] - halves[c] > row[best] - halves[best] { best = c }
                    accumulate(seen.row(r).baseAddress!, into: sums.row(best).baseAddress!, count: size)
                    sums[best, size] += 1
                }
                try steps.endStep()
            }
            all.take(sums.elements)
        }
        try steps.endLoop()
        try all.sum(sums.elements)
        for c in 0..<count where sums[c, size] > 0 {
            for i in 0..<size { centres[c, i] = Float(sums[c, i] / sums[c, size]) }
        }
    }
    for c in 0..<count {
        let centre = centres.row(c)
        let norm = Float(dot(centre.baseAddress!, centre.baseAddress!, count: size).squareRoot())
        if norm > 0 { for i in 0..<size { centre[i] /= norm } }
    }
    return centres
}
