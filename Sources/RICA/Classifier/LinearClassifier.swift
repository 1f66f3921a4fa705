import DataParallel
import LinearAlgebra
import Parallel

/// A linear classifier of standardised features, one against all.
public struct LinearClassifier {
    /// What is taken from a feature, and what the rest is multiplied by.
    public private(set) var mean: [Float]
    public private(set) var scale: [Float]
    /// classes × features
    public let weights: Matrix<Float>
    public private(set) var bias: [Float]

    /// Added to the variance under the root when features are standardised (Coates, Lee & Ng 2011).
    public static let varianceOffset = 0.01
    /// L-BFGS iterations at most, and the part of the objective that ten of them must bring to go on.
    static let iterations = 300
    static let tolerance = 1e-3

    /// Trains on all ranks: each holds some samples.
    ///
    /// Standardisation takes one allreduce of 1 + 2·features Doubles; training is L-BFGS on classes·(features + 1)
    /// values.
    ///
    /// - Parameters:
    ///   - features: this rank's samples × features, as encoded. Standardised in place, to save the memory of a copy.
    ///   - labels: a class for each.
    ///   - cost: C on the mean loss.
    ///   - parts: the samples that are computed separately; nil: all of this rank at once.
    ///   - order: how sums over samples are formed.
    ///   - checkpoints: where training is a part of the run's state, and what it is called there.
    public init(
        standardising features: Matrix<Float>, labels: [Int32], classes: Int, cost: Double, parts: [Range<Int>]? = nil,
        order: ReductionOrder = .fast, communicator: Communicator,
        checkpoints: (all: Checkpoints, name: String)? = nil
    ) throws {
        let width = features.columns, parts = parts ?? [0..<features.rows]
        (mean, scale) = try LinearClassifier.standardisation(
            of: features, parts: parts, order: order, communicator: communicator)
        for r in 0..<features.rows {
            let row = features.row(r)
            for i in 0..<width { row[i] = (row[i] - mean[i]) * scale[i] }
        }
        let total = try communicator.allReduce(Int64(labels.count))
        let objective = SquaredHingeObjective(
            features: features, labels: labels, totalSamples: Int(total), classes: classes, cost: cost, parts: parts)
        let values = Matrix<Float>(rows: classes, columns: width + 1)
        try LBFGS(
            objective, values: values, communicator: communicator,
            options: .init(iterations: LinearClassifier.iterations, tolerance: LinearClassifier.tolerance, order: order)
        ).run(checkpoints: checkpoints)
        weights = values.columns(0..<width).clone()
        bias = (0..<classes).map { values[$0, width] }
    }

    /// A classifier of zeros, for a checkpoint to fill.
    init(features: Int, classes: Int) {
        mean = [Float](repeating: 0, count: features)
        scale = mean
        weights = Matrix(rows: classes, columns: features)
        bias = [Float](repeating: 0, count: classes)
    }

    /// Mean and 1/√(variance + .01) of every feature over the samples of all ranks, from sums and sums of squares in
    /// Double: features are sums of magnitudes, so their mean is not far above their deviation and few digits cancel.
    private static func standardisation(
        of features: Matrix<Float>, parts: [Range<Int>], order: ReductionOrder, communicator: Communicator
    ) throws -> ([Float], [Float]) {
        let width = features.columns
        var sums = [Double](repeating: 0, count: 2 * width + 1)
        let all = SampleSums(count: sums.count, order: order, communicator: communicator)
        try sums.withUnsafeMutableBufferPointer { sums in
            for part in parts {
                sums.update(repeating: 0)
                sums[2 * width] = Double(part.count)
                for r in part {
                    let row = features.row(r)
                    for i in 0..<width {
                        let value = Double(row[i])
                        sums[i] += value
                        sums[width + i] += value * value
                    }
                }
                all.take(sums)
            }
            try all.sum(sums)
        }
        let count = sums[2 * width]
        let mean = (0..<width).map { sums[$0] / count }
        let scale = (0..<width).map { i in
            1 / (max(0, sums[width + i] / count - mean[i] * mean[i]) + varianceOffset).squareRoot()
        }
        return (mean.map { Float($0) }, scale.map { Float($0) })
    }

    mutating func archive(_ name: String, to archive: StateArchive) throws {
        try archive.numbers("\(name).mean", &mean)
        try archive.numbers("\(name).scale", &scale)
        try archive.matrix("\(name).weights", weights, .replicated)
        try archive.numbers("\(name).bias", &bias)
    }

    /// The class of the highest score for every row of features as encoded. 2·samples·features·classes flops.
    public func predict(_ features: Matrix<Float>) -> [Int32] {
        let classes = weights.rows
        // The standardisation goes into weights and bias, so that features stay as they are.
        let scaled = weights.clone()
        var shift = bias
        for c in 0..<classes {
            var offset = 0.0
            for i in 0..<mean.count {
                scaled[c, i] *= scale[i]
                offset += Double(scaled[c, i]) * Double(mean[i])
            }
            shift[c] -= Float(offset)
        }
        let scores = Matrix<Float>(rows: features.rows, columns: classes)
        multiply(features, scaled, transposed: .second, into: scores)
        return (0..<features.rows).map { r in
            let row = scores.row(r)
            return Int32((0..<classes).max { row[$0] + shift[$0] < row[$1] + shift[$1] }!)
        }
    }
}
