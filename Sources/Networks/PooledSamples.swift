import DataParallel
import Datasets
import Layers
import LinearAlgebra

extension SampleSource {
    /// Pools all samples once for the first layer of a network, as its reduced path takes them. Memory:
    /// 4·samples·J·(n_α + 1) bytes.
    ///
    /// - Parameters:
    ///   - weights: the layer whose columns pool the inputs.
    ///   - separable: what pools them for that layer, the same for all samples that it sees, since the two ways round
    ///     differently; nil: the layer itself.
    package func pooled(by weights: PredictedWeights, separable: SeparablePooling? = nil) -> MatrixSamples {
        let rows = Matrix<Float>(rows: count, columns: weights.shape.pooledInputs)
        let chunk = Matrix<Float>(rows: sampleChunk, columns: columns)
        for start in stride(from: 0, to: count, by: sampleChunk) {
            let part = start..<min(start + sampleChunk, count), inputs = chunk.rows(0..<part.count)
            load(Array(part)[...], into: inputs)
            let values = inputs.columns(0..<columns - 1), target = rows.rows(part)
            if let separable { separable.poolAll(values, into: target) } else { weights.poolAll(values, into: target) }
        }
        return MatrixSamples(rows: rows, labels: labels)
    }
}
