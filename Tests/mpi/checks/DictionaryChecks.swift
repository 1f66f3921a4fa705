import DataParallel
import Layers
import LinearAlgebra
import Networks
import Parallel
import TestSupport

/// More samples than a chunk, so that ranks have some each; around a mean, so that the covariance has one to remove.
private let inputs: Matrix<Float> = {
    let matrix = normalMatrix(rows: 3500, columns: 12, stream: 90)
    for i in 0..<matrix.elements.count { matrix.elements[i] = 0.3 * matrix.elements[i] + Float(i % 12) / 12 }
    return matrix
}()

/// All samples but every fifth, so that a sample's number is not its place.
private let samples = (0..<3500).filter { $0 % 5 != 0 }

private func load(_ samples: ArraySlice<Int>, into matrix: Matrix<Float>) {
    for (r, sample) in samples.enumerated() { matrix.rows(r..<r + 1).copy(from: inputs.rows(sample..<sample + 1)) }
}

/// Two channels of six positions: every plane of a sample is a row. Products of values up to 2 are summed in Float over
/// at most 1000 rows: each of a covariance's sums is off by γ₁₀₀₀ of the sum of magnitudes, below 3 a row.
func checkInputMoments(_ world: Communicator) throws {
    let grid = TensorShape(channels: 2, height: 2, width: 3)
    for squared in [false, true] {
        let moments = try inputMoments(grid, samples: samples, squared: squared, communicator: world, load: load)
        let found = moments.covariance
        let rows = samples.flatMap { sample in
            let row = inputs.row(sample).map { squared ? Double($0 * $0) : Double($0) }
            return [Array(row[..<6]), Array(row[6...])]
        }
        let count = Double(rows.count), mean = (0..<6).map { i in rows.reduce(0) { $0 + $1[i] } / count }
        let truth = (0..<6).map { i in
            (0..<6).map { j in rows.reduce(0) { $0 + ($1[i] - mean[i]) * ($1[j] - mean[j]) } / (count - 1) }
        }
        let difference = largestDifference(found.arrays, truth), bound = 3 * floatGamma(1000)
        try expect(difference < bound && largest(truth) > 100 * bound, "the covariance is off by \(difference)")
    }
}

/// Lloyd's iterations in Double from the same samples. Only a sample within some roundings of being as near to a second
/// centre may go elsewhere in Float, one of a million; none of these does.
func checkKMeans(_ world: Communicator) throws {
    let draws = RandomStream(seed: 3, purpose: .tests, stream: 92), count = 9
    let found = try kMeans(
        count: count, samples: samples, size: 12, iterations: 3, draws: draws, communicator: world, load: load)
    let rows = samples.map { inputs.row($0).map(Double.init) }
    var centres = draws.sample(count, below: samples.count).map { rows[$0] }
    for _ in 0..<3 {
        var sums = [[Double]](repeating: [Double](repeating: 0, count: 12), count: count),
            sizes = [Double](repeating: 0, count: count)
        for row in rows {
            let best = centres.indices.min { distance(row, centres[$0]) < distance(row, centres[$1]) }!
            for i in row.indices { sums[best][i] += row[i] }
            sizes[best] += 1
        }
        for c in centres.indices where sizes[c] > 0 { centres[c] = sums[c].map { $0 / sizes[c] } }
    }
    let truth = centres.map { centre in
        centre.map { $0 / distance(centre, [Double](repeating: 0, count: 12)).squareRoot() }
    }
    // A centre is rounded to Float three times; a sample of some 300 that goes elsewhere would move it by 1e-3.
    let difference = largestDifference(found.doubles, truth)
    try expect(difference < 1e-5, "the centres are off by \(difference)")

    // The same bits on every rank, which all take part in the next sums with them.
    var fromRoot = Array(found.elements)
    try fromRoot.withUnsafeMutableBufferPointer { try world.broadcast($0, from: 0) }
    try expect(fromRoot == Array(found.elements), "rank \(world.rank) has other centres than rank 0")

    do {
        _ = try kMeans(
            count: 10, samples: Array(samples[..<9]), size: 12, draws: draws, communicator: world, load: load)
    } catch let failure as CollectiveError {
        return try expect(failure.exitCode == 65 && failure.description.contains("at least 10"), "\(failure)")
    }
    throw CheckFailure(description: "10 centres were made of 9 samples")
}

private func distance(
    _ a: [Double], _ b: [Double]
) -> Double {
    zip(a, b).reduce(
        0
    ) {
        $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
    }
}
