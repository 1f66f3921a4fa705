import Datasets
import Layers
import LinearAlgebra

/// Turns an image into features: the responses at every position, stride 1, encoded and summed over the image's four
/// quadrants (Coates, Lee & Ng 2011).
///
/// Contrast normalisation, whitening, layer and the scale to unit variance are one product, a scale a patch and an
/// offset: y = s(x)·Fx − DŴZμ with F = DŴZ(I − 11ᵀ/n). Pooled, F is kept as learned values and a basis, which
/// costs less when few are learned. Workspaces are made once; one encoder serves one image at a time.
public final class ImageEncoder {
    private enum Filters {
        /// Fᵀ, n_v × units.
        case expanded(Matrix<Float>)
        /// The basis of all columns, n_v × J·n_α; Dŵ, units × n_α.
        case pooled(basis: Matrix<Float>, values: Matrix<Float>, responses: Matrix<Float>)
    }

    private let encoder: Encoder
    private let shape: TensorShape
    private let size: Int
    private let weights: PredictedWeights
    private let filters: Filters
    private let offset: Matrix<Float>
    private let patches: Matrix<Float>
    private let scales: Matrix<Float>
    private let responses: Matrix<Float>
    /// The path taken.
    public let path: ComputePath

    /// Features of an image: 4 quadrants × width of the encoder × units.
    public var features: Int { 4 * encoder.width * weights.units }

    /// - Parameters:
    ///   - model: the layer, its whitening and scale.
    ///   - shape: of the images.
    ///   - path: expanded or pooled; the cheaper one if nil. Positions differ from image to image, so none is reduced.
    public init(model: RICAModel, shape: TensorShape, path: ComputePath? = nil) {
        let weights = model.weights
        let inputs = weights.grid.count
        encoder = model.encoder
        self.shape = shape
        size = weights.grid.height
        self.weights = weights
        let positions = patchPositions(of: shape, size: size)

        let whitened = ImageEncoder.centred(model.whitening.matrix)
        offset = Matrix(rows: 1, columns: weights.units)
        let rows = Matrix<Float>(rows: weights.units, columns: inputs)
        weights.expand(model.values, into: rows)
        let mean = Matrix<Float>(rows: 1, columns: inputs), whiteMean = Matrix<Float>(rows: 1, columns: inputs)
        for i in 0..<inputs { mean[0, i] = model.whitening.mean[i] }
        multiply(mean, model.whitening.matrix, into: whiteMean)
        multiply(whiteMean, rows, transposed: .second, into: offset)
        for k in 0..<weights.units { offset[0, k] *= model.scale[k] }

        self.path = weights.isDense ? .expanded : path ?? weights.shape.pathOfNewInputs
        if self.path == .expanded {
            let filters = Matrix<Float>(rows: weights.units, columns: inputs)
            multiply(rows, whitened, into: filters)
            for k in 0..<weights.units { for i in 0..<inputs { filters[k, i] *= model.scale[k] } }
            self.filters = .expanded(filters)
        } else {
            let nA = weights.valuesPerUnit
            let basis = Matrix<Float>(rows: weights.columns.count * nA, columns: inputs)
            for j in weights.columns.indices {
                multiply(weights.basis(column: j), whitened, into: basis.rows(j * nA..<(j + 1) * nA))
            }
            let values = model.values.clone()
            for k in 0..<weights.units { for i in 0..<nA { values[k, i] *= model.scale[k] } }
            filters = .pooled(basis: basis, values: values, responses: Matrix(rows: positions, columns: basis.rows))
        }
        patches = Matrix(rows: positions, columns: inputs)
        scales = Matrix(rows: 1, columns: positions)
        responses = Matrix(rows: positions, columns: weights.units)
    }

    /// Z(I − 11ᵀ/n): whitening of what is left when a patch's mean is taken away.
    private static func centred(_ whitening: Matrix<Float>) -> Matrix<Float> {
        let centred = whitening.clone()
        for r in 0..<centred.rows {
            let row = centred.row(r)
            let mean = Float(row.reduce(0.0) { $0 + Double($1) } / Double(row.count))
            for i in 0..<row.count { row[i] -= mean }
        }
        return centred
    }

    /// Writes an image's features: for each quadrant (upper left, upper right, lower left, lower right) the units'
    /// sums, for `rectified` all positive parts, then all negative ones.
    ///
    /// - Parameters:
    ///   - planes: the image, channel by channel, row-major.
    ///   - features: `features` numbers.
    public func encode(_ planes: UnsafePointer<UInt8>, into features: UnsafeMutablePointer<Float>) {
        extractPatches(planes: planes, shape: shape, size: size, into: patches)
        patchScales(planes: planes, shape: shape, size: size, into: scales.elements)
        switch filters {
        case .expanded(let filters):
            multiply(patches, filters, transposed: .second, into: responses)
        case .pooled(let basis, let values, let pooled):
            multiply(patches, basis, transposed: .second, into: pooled)
            let nA = weights.valuesPerUnit
            weights.outputs(pooled: { pooled.columns($0 * nA..<($0 + 1) * nA) }, values, into: responses)
        }
        let width = encoder.width * weights.units
        features.update(repeating: 0, count: 4 * width)
        let across = shape.width - size + 1, down = shape.height - size + 1
        for row in 0..<down {
            for side in 0..<2 {
                let run = side == 0 ? 0..<across / 2 : across / 2..<across
                let quadrant = (row < down / 2 ? 0 : 2) + side
                let first = row * across + run.lowerBound
                let y = responses.rows(first..<first + run.count)
                let scale = scales.pointer + first, sums = features + quadrant * width
                switch encoder {
                case .abs: addAbsolute(y, scales: scale, offset: offset.pointer, to: sums)
                case .smooth:
                    addSmoothAbsolute(y, scales: scale, offset: offset.pointer, epsilon: Encoder.epsilon, to: sums)
                case .rectified:
                    addRectified(y, scales: scale, offset: offset.pointer, threshold: Encoder.threshold, to: sums)
                }
            }
        }
    }
}
