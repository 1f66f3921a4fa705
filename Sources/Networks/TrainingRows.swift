import DataParallel
import Datasets
import Layers
import LinearAlgebra

/// Images as rows that a network's first layer takes: pixels in [0, 1] and a last 1, or on the reduced path their pooled values.
public struct TrainingRows {
    public let rows: Matrix<Float>
    public let labels: [Int32]

    /// Rows that are there already, a label for each.
    public init(rows: Matrix<Float>, labels: [Int32]) {
        precondition(rows.rows == labels.count, "\(labels.count) labels of \(rows.rows) rows")
        self.rows = rows
        self.labels = labels
    }

    /// Reads some images of a set. Memory: 4·images·(n_v + 1) bytes, or 4·images·J·(n_α + 1).
    ///
    /// - Parameters:
    ///   - weights: the layer whose columns pool the inputs; nil: they stay as they are.
    ///   - separable: what pools them for that layer, the same for all images that it sees, since the two ways round differently; nil: the
    ///     layer itself.
    /// - Throws: `DataError`.
    public init(
        _ images: ImageSet, _ labels: Labels, range: Range<Int>, pooledBy weights: PredictedWeights?, by separable: SeparablePooling? = nil
    ) throws {
        let size = images.shape.count
        self.labels = try labels.labels(range)
        rows = Matrix(rows: range.count, columns: weights.map { $0.columns.count * ($0.valuesPerUnit + 1) } ?? size + 1)
        var bytes = [UInt8](repeating: 0, count: sampleChunk * size)
        let pixels = Matrix<Float>(rows: weights == nil ? 0 : sampleChunk, columns: size + 1)
        for start in stride(from: range.lowerBound, to: range.upperBound, by: sampleChunk) {
            let part = start..<min(start + sampleChunk, range.upperBound)
            try bytes.withUnsafeMutableBufferPointer { try images.read(part, into: .init(rebasing: $0[..<(part.count * size)])) }
            let target = rows.rows(part.lowerBound - range.lowerBound..<part.upperBound - range.lowerBound)
            let inputs = weights == nil ? target : pixels.rows(0..<part.count)
            for r in 0..<part.count {
                let row = inputs.row(r)
                for i in 0..<size { row[i] = Float(bytes[r * size + i]) * (1 / 255) }
                row[size] = 1
            }
            if let separable {
                separable.poolAll(inputs.columns(0..<size), into: target)
            } else {
                weights?.poolAll(inputs.columns(0..<size), into: target)
            }
        }
    }

    /// Copies the rows of some samples to where a step reads them. Reads and writes 4·samples·columns bytes each.
    ///
    /// - Parameter batch: at least as many rows as samples; the rest stay as they are.
    public func gather(_ samples: ArraySlice<Int>, into batch: Matrix<Float>) {
        for (r, sample) in samples.enumerated() {
            (batch.pointer + r * batch.stride).update(from: rows.pointer + sample * rows.stride, count: rows.columns)
        }
    }
}
