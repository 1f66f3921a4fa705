import DataParallel
import LinearAlgebra

/// One-vs-all linear L2-SVM: ½Σ‖w_c‖² + C·mean over samples of Σ_c max(0, 1 − t_c(w_c·x + b_c))², t_c = 1
/// for the sample's class and −1 elsewhere (Coates, Lee & Ng 2011). Biases are not in the penalty.
///
/// A unit is a class: its weights, then its bias. Blocks of samples stay in cache between the two products, so an
/// evaluation reads the features once: 4·samples·features·classes flops.
public final class SquaredHingeObjective: ShardedObjective {
    public let parts: Int
    /// The samples of every part.
    private let ranges: [Range<Int>]
    private let features: Matrix<Float>
    private let labels: [Int32]
    private let totalSamples: Double
    private let classes: Int
    private let cost: Double
    private let scores: Matrix<Float>
    /// Samples of about 256 KB.
    private let blockSize: Int

    /// - Parameters:
    ///   - features: this rank's samples × features.
    ///   - labels: a class for each of them.
    ///   - totalSamples: samples on all ranks.
    ///   - cost: C.
    ///   - parts: the samples that are computed separately; nil: all of them at once.
    public init(
        features: Matrix<Float>, labels: [Int32], totalSamples: Int, classes: Int, cost: Double,
        parts: [Range<Int>]? = nil
    ) {
        precondition(features.rows == labels.count)
        ranges = parts ?? [0..<features.rows]
        self.parts = ranges.count
        self.features = features
        self.labels = labels
        self.totalSamples = Double(totalSamples)
        self.classes = classes
        self.cost = cost
        blockSize = max(8, (1 << 16) / max(features.columns, 1))
        scores = Matrix(rows: blockSize, columns: classes)
    }

    public var units: Int { classes }
    public var valuesPerUnit: Int { features.columns + 1 }

    public func samplesPart(_ part: Int, at values: Matrix<Float>, gradient: Matrix<Float>) -> Double {
        let width = features.columns
        let weights = values.columns(0..<width), weightGradient = gradient.columns(0..<width)
        let scale = cost / totalSamples
        gradient.fill(0)
        var loss = 0.0
        var start = ranges[part].lowerBound
        while start < ranges[part].upperBound {
            let block = start..<min(start + blockSize, ranges[part].upperBound)
            let x = features.rows(block), slopes = scores.rows(0..<block.count)
            multiply(x, weights, transposed: .second, into: slopes)
            for (r, sample) in block.enumerated() {
                let row = slopes.row(r)
                for c in 0..<classes {
                    let target: Float = Int(labels[sample]) == c ? 1 : -1
                    let margin = max(0, 1 - target * (row[c] + values[c, width]))
                    loss += Double(margin) * Double(margin)
                    row[c] = Float(-2 * scale) * target * margin
                    gradient[c, width] += row[c]
                }
            }
            multiply(slopes, x, transposed: .first, into: weightGradient, beta: 1)
            start = block.upperBound
        }
        return scale * loss
    }

    public func complete(at values: Matrix<Float>, owned: Range<Int>, gradient: Matrix<Float>) -> Double {
        let width = features.columns
        var penalty = 0.0
        for c in 0..<classes {
            let w = values.row(c).baseAddress!
            penalty += 0.5 * dot(w, w, count: width)
            if owned.contains(c) {
                let g = gradient.row(c - owned.lowerBound)
                for i in 0..<width { g[i] += w[i] }
            }
        }
        return penalty
    }
}
