import Layers
import LinearAlgebra

/// What a row r of W is divided by before it is used.
public enum RICANorm: String, CaseIterable, Codable, Sendable {
    /// ‖r‖, as in the paper.
    case unit
    /// √(n_v·r C̄ rᵀ), the deviation of the row's output: the same where the data are white.
    case variance

    /// The squared norm as a quadratic form of a unit's learned values, n_α × n_α: UᵀU, or n_v·UᵀC̄U.
    ///
    /// - Parameter meanOuterProduct: C̄ = Σxxᵀ/patches, n_v × n_v.
    func metric(of weights: PredictedWeights, column index: Int, meanOuterProduct: Matrix<Float>) -> Matrix<Float> {
        let n = weights.valuesPerUnit
        let inputs = weights.grid.count
        let basis = weights.basis(column: index)
        let metric = Matrix<Float>(rows: n, columns: n)
        switch self {
        case .unit:
            multiply(basis, basis, transposed: .second, into: metric)
        case .variance:
            let product = Matrix<Float>(rows: n, columns: inputs)
            multiply(basis, meanOuterProduct, into: product)
            multiply(product, basis, transposed: .second, into: metric, alpha: Float(inputs))
        }
        return metric
    }
}
