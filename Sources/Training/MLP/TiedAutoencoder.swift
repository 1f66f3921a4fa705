import Layers
import LinearAlgebra

/// A hidden layer trained by itself to rebuild its inputs: h = σ(Wx + b), x̂ = σ(Wᵀh), the loss ½‖x̂ − x‖² a sample; no bias for x̂
/// (Denil et al. 2013, released settings). W is predicted, and what is learned are the layer's own values.
///
/// A step for m samples: 8·m·n_v·n_h flops, and 4·n_h·n_v·n_α/channels for W = Uw and back.
public final class TiedAutoencoder {
    private let weights: PredictedWeights
    private let values: Matrix<Float>
    private let gradient: Matrix<Float>
    /// W and the biases, units × (n_v + 1).
    private let full: Matrix<Float>
    private let fullGradient: Matrix<Float>
    /// The samples of a batch, with their 1: the caller fills it.
    public let batch: Matrix<Float>
    private let hidden: Matrix<Float>
    private let hiddenGradient: Matrix<Float>
    private let rebuilt: Matrix<Float>

    /// - Parameters:
    ///   - values: the layer's bucket, units × (n_α + 1).
    ///   - gradient: as large; where `gradient(count:scale:)` leaves the gradient.
    ///   - capacity: the most samples of one batch.
    public init(weights: PredictedWeights, values: Matrix<Float>, gradient: Matrix<Float>, capacity: Int) {
        self.weights = weights
        self.values = values
        self.gradient = gradient
        let inputs = weights.grid.inputs
        full = Matrix(rows: weights.units, columns: inputs + 1)
        fullGradient = Matrix(rows: weights.units, columns: inputs + 1)
        batch = Matrix(rows: capacity, columns: inputs + 1)
        hidden = Matrix(rows: capacity, columns: weights.units)
        hiddenGradient = Matrix(rows: capacity, columns: weights.units)
        rebuilt = Matrix(rows: capacity, columns: inputs)
    }

    /// The sum of the losses of the batch's first samples, and the gradient of that sum times `scale`.
    public func gradient(count: Int, scale: Float) -> Double {
        let n = weights.grid.inputs, nA = weights.valuesPerUnit
        let x = batch.rows(0..<count), h = hidden.rows(0..<count), dh = hiddenGradient.rows(0..<count), y = rebuilt.rows(0..<count)
        let w = full.columns(0..<n)
        weights.expand(values.columns(0..<nA), into: w)
        full.columns(n..<n + 1).copy(from: values.columns(nA..<nA + 1))

        multiply(x, full, transposed: .second, into: h)
        Activation.sigmoid.apply(inPlace: h)
        multiply(h, w, into: y)
        Activation.sigmoid.apply(inPlace: y)

        var loss = 0.0
        for r in 0..<count {
            let rebuilt = y.row(r), given = x.row(r)
            for i in 0..<n {
                let out = rebuilt[i], difference = out - given[i]
                loss += 0.5 * Double(difference) * Double(difference)
                rebuilt[i] = scale * difference * out * (1 - out)
            }
        }
        multiply(y, w, transposed: .second, into: dh)
        Activation.sigmoid.multiply(dh, byDerivativeAt: h)
        // The encoder's part with the bias, then the decoder's on top of it.
        multiply(dh, x, transposed: .first, into: fullGradient)
        multiply(h, y, transposed: .first, into: fullGradient.columns(0..<n), beta: 1)
        weights.project(fullGradient.columns(0..<n), into: gradient.columns(0..<nA))
        gradient.columns(nA..<nA + 1).copy(from: fullGradient.columns(n..<n + 1))
        return loss
    }
}
