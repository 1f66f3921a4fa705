import Datasets
import Layers
import LinearAlgebra

/// Learned features with all that turns an image into a prediction.
public struct RICAModel {
    public let weights: PredictedWeights
    /// ŵ: the learned values of normalised rows, units × n_α.
    public let values: Matrix<Float>
    public let whitening: Whitening
    /// One over the deviation of a feature's response on whitened patches: what brings it to unit variance before the
    /// encoder.
    public let scale: [Float]
    public var encoder: Encoder
    /// Every patch that features were learned on, so that another program can recompute the objective.
    public var patches: [PatchPosition] = []
    /// Whether U was made from patches, so that a file holds it.
    package var holdsDictionary = false
    /// One for each fold, or one; none before the phase `classify`.
    public var classifiers: [LinearClassifier] = []

    /// - Parameter covariance: of the contrast-normalised patches behind the whitening, n_v × n_v.
    public init(
        weights: PredictedWeights, values: Matrix<Float>, whitening: Whitening, covariance: Matrix<Double>,
        encoder: Encoder
    ) {
        let inputs = weights.grid.count
        let rows = Matrix<Float>(rows: weights.units, columns: inputs)
        weights.expand(values, into: rows)
        // The deviation of r·Z(x − μ) is √(rZ Cov Zrᵀ).
        let filters = Matrix<Double>(rows: weights.units, columns: inputs)
        multiply(rows.widened, whitening.matrix.widened, into: filters)
        let spread = Matrix<Double>(rows: weights.units, columns: inputs)
        multiply(filters, covariance, into: spread)
        self.init(
            weights: weights, values: values, whitening: whitening,
            scale: (0..<weights.units).map { k in
                let variance = zip(filters.row(k), spread.row(k)).reduce(0.0) { $0 + $1.0 * $1.1 }
                // A row without any response stays without one.
                return variance > 0 ? Float(1 / variance.squareRoot()) : 0
            },
            encoder: encoder)
    }

    init(weights: PredictedWeights, values: Matrix<Float>, whitening: Whitening, scale: [Float], encoder: Encoder) {
        self.weights = weights
        self.values = values
        self.whitening = whitening
        self.scale = scale
        self.encoder = encoder
    }

    /// A number of what features are encoded with, the same for the same bits (FNV-1a, 64 bits): features of another
    /// model are not its.
    public var fingerprint: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ bytes: UnsafeRawBufferPointer) {
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        withExtendedLifetime(self) {
            for matrix in [values, whitening.matrix] { add(UnsafeRawBufferPointer(matrix.elements)) }
        }
        for numbers in [whitening.mean, scale] { numbers.withUnsafeBytes(add) }
        for column in weights.columns { column.alpha.withUnsafeBytes(add) }
        // α and the settings say no U that was made from patches.
        if holdsDictionary {
            withExtendedLifetime(self) {
                for column in weights.columns { add(UnsafeRawBufferPointer(column.dictionary!.elements)) }
            }
        }
        return String(hash, radix: 16)
    }

    /// Ŵ, units × n_v.
    public var expandedRows: Matrix<Float> {
        let rows = Matrix<Float>(rows: weights.units, columns: weights.grid.count)
        weights.expand(values, into: rows)
        return rows
    }
}
