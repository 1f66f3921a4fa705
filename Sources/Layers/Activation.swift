import LinearAlgebra

/// The function g of a hidden layer, h = g(vW).
public enum Activation: String, CaseIterable, Codable, Sendable {
    case sigmoid, relu, tanh

    /// h ← g(h), element by element. NaN stays NaN, so that a loss made of it shows.
    ///
    /// - Parameter outputs: samples × units, without the column of ones.
    public func apply(inPlace outputs: Matrix<Float>) {
        switch self {
        case .sigmoid: LinearAlgebra.sigmoid(inPlace: outputs)
        case .relu: rectify(inPlace: outputs)
        case .tanh: hyperbolicTangent(inPlace: outputs)
        }
    }

    /// ∂L/∂h ← ∂L/∂h·g′, element by element, where g′ is a function of the output: y(1 − y), [y > 0]
    /// or 1 − y².
    ///
    /// - Parameters:
    ///   - gradient: ∂L/∂h, samples × units.
    ///   - output: what `apply` left, samples × units.
    ///   - dropoutRate: what the output went through afterwards: y is `output`·(1 − rate). Apply `dropout` to the
    ///     gradient first; where an output was dropped it left 0.
    public func multiply(_ gradient: Matrix<Float>, byDerivativeAt output: Matrix<Float>, dropoutRate: Float = 0) {
        let keep = 1 - dropoutRate
        switch self {
        case .sigmoid: LinearAlgebra.multiply(gradient, bySigmoidSlopeAt: output, keep: keep)
        case .relu: LinearAlgebra.multiply(gradient, byRectifierSlopeAt: output)
        case .tanh: LinearAlgebra.multiply(gradient, byTangentSlopeAt: output, keep: keep)
        }
    }
}
