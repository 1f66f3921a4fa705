import LinearAlgebra

/// Products of pooled inputs with learned values, on the pooled and the reduced path: column by column, since each has
/// inputs that were pooled with its own U.
extension PredictedWeights {
    /// y_j ← s_j·w_jᵀ for every column. 2·samples·n_α·n_h flops.
    ///
    /// - Parameters:
    ///   - pooled: the pooled inputs of a column, samples × values of a unit.
    ///   - values: w, units × values of a unit.
    ///   - outputs: samples × units.
    public func outputs(pooled: (Int) -> Matrix<Float>, _ values: Matrix<Float>, into outputs: Matrix<Float>) {
        for (j, column) in columns.enumerated() {
            multiply(
                pooled(j), values.rows(column.units), transposed: .second, into: outputs.columns(column.units))
        }
    }

    /// g_j ← alpha·y_jᵀ·s_j + beta·g_j for every column: the gradient of the learned values.
    /// 2·samples·n_α·n_h flops.
    ///
    /// - Parameters:
    ///   - outputGradient: ∂L/∂y, samples × units.
    ///   - pooled: as given to `outputs`.
    ///   - gradient: units × values of a unit.
    public func gradient(
        of outputGradient: Matrix<Float>, pooled: (Int) -> Matrix<Float>, into gradient: Matrix<Float>,
        alpha: Float = 1, beta: Float = 0
    ) {
        for (j, column) in columns.enumerated() {
            multiply(
                outputGradient.columns(column.units), pooled(j), transposed: .first, into: gradient.rows(column.units),
                alpha: alpha, beta: beta)
        }
    }
}
