import Layers
import LinearAlgebra

/// A hidden layer trained by itself to rebuild its inputs: h = σ(Wx + b), x̂ = σ(Wᵀh), the loss ½‖x̂ −
/// x‖² a sample; no bias for x̂ (Denil et al. 2013, released settings). W is predicted, and what is learned are the
/// layer's own values.
///
/// A step for m samples: 8·m·n_v·n_h flops, and 4·n_h·n_v·n_α/channels for W = Uw and back.
public final class TiedAutoencoder {
    private let expanded: ExpandedWeights
    private let inputs: Int
    private let projects: Bool
    /// The samples of a batch, with their 1: the caller fills it.
    public let batch: Matrix<Float>
    private let hidden: Matrix<Float>
    private let hiddenGradient: Matrix<Float>
    private let rebuilt: Matrix<Float>

    /// - Parameters:
    ///   - values: the layer's parameter, units × (n_α + 1).
    ///   - gradient: as large; where `gradient(count:scale:)` leaves the gradient.
    ///   - expanded: where it leaves the gradient of W, units × (n_v + 1), and the caller then calls
    ///     `projectGradient`; nil: it projects it.
    ///   - capacity: the most samples of one batch.
    public init(
        weights: PredictedWeights, values: Matrix<Float>, gradient: Matrix<Float>, expanded: Matrix<Float>? = nil,
        capacity: Int
    ) {
        self.expanded = ExpandedWeights(weights, values: values, gradient: gradient, fullGradient: expanded)
        projects = expanded == nil
        inputs = weights.grid.count
        batch = Matrix(rows: capacity, columns: inputs + 1)
        hidden = Matrix(rows: capacity, columns: weights.units)
        hiddenGradient = Matrix(rows: capacity, columns: weights.units)
        rebuilt = Matrix(rows: capacity, columns: inputs)
    }

    /// Expands W, after the values changed.
    public func expand() { expanded.expand() }

    /// The sum of the losses of the batch's first samples, at the values of the last `expand`, and the gradient of that
    /// sum times `scale`.
    public func gradient(count: Int, scale: Float) -> Double {
        let w = expanded.full.columns(0..<inputs)
        let x = batch.rows(0..<count), h = hidden.rows(0..<count), dh = hiddenGradient.rows(0..<count),
            y = rebuilt.rows(0..<count)
        multiply(x, expanded.full, transposed: .second, into: h)
        Activation.sigmoid.apply(inPlace: h)
        multiply(h, w, into: y)
        Activation.sigmoid.apply(inPlace: y)

        var loss = 0.0
        for r in 0..<count {
            let rebuilt = y.row(r), given = x.row(r)
            for i in 0..<inputs {
                let out = rebuilt[i], difference = out - given[i]
                loss += 0.5 * Double(difference) * Double(difference)
                rebuilt[i] = scale * difference * out * (1 - out)
            }
        }
        multiply(y, w, transposed: .second, into: dh)
        Activation.sigmoid.multiply(dh, byDerivativeAt: h)
        // The encoder's part with the bias, then the decoder's on top of it.
        multiply(dh, x, transposed: .first, into: expanded.fullGradient)
        multiply(h, y, transposed: .first, into: expanded.fullGradient.columns(0..<inputs), beta: 1)
        if projects { projectGradient() }
        return loss
    }

    /// The gradient of the learned values from that of W.
    public func projectGradient() { expanded.projectGradient() }
}
