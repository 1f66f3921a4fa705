import LinearAlgebra

/// The W of a layer with its biases, expanded from learned values (W = Uw), and the gradient of both on its way back.
///
/// Expanding and projecting take 4·n_h·n_v·n_α/channels flops together, which no batch size changes. Where nothing
/// is predicted there is nothing to do: W and its gradient are then the learned values and theirs.
package final class ExpandedWeights {
    package let weights: PredictedWeights
    /// W and the biases, units × (n_v + 1).
    package let full: Matrix<Float>
    /// What `backward` of a layer leaves of them, for `projectGradient`: a caller may add to it in between.
    package let fullGradient: Matrix<Float>
    private let values: Matrix<Float>
    private let gradient: Matrix<Float>?
    private let dictionaryGradient: Matrix<Float>?
    /// Whether `fullGradient` is the gradient of the values already.
    private let isProjected: Bool

    /// - Parameters:
    ///   - values: units × (n_α + 1), a bias at the end of each row.
    ///   - gradient: as large; where `projectGradient` leaves the gradient of the values; nil where they are held and U
    ///     alone is learned.
    ///   - fullGradient: where the gradient of W and the biases is left, units × (n_v + 1); nil: in memory of its own,
    ///     or in `gradient` where nothing is predicted.
    ///   - dictionaryGradient: where `projectGradient` leaves the gradient of every column's U, one below the other,
    ///     J·positions × atoms; nil where U is not learned.
    package init(
        _ weights: PredictedWeights, values: Matrix<Float>, gradient: Matrix<Float>?,
        fullGradient: Matrix<Float>? = nil, dictionaryGradient: Matrix<Float>? = nil
    ) {
        let width = weights.grid.count + 1
        precondition(values.rows == weights.units && values.columns == weights.valuesPerUnit + 1)
        precondition(gradient != nil || dictionaryGradient != nil, "something is learned")
        precondition(gradient.map { $0.rows == values.rows && $0.columns == values.columns } ?? true)
        precondition(fullGradient.map { $0.rows == weights.units && $0.columns == width } ?? true)
        self.weights = weights
        self.values = values
        self.gradient = gradient
        self.dictionaryGradient = dictionaryGradient
        isProjected = weights.isDense && fullGradient == nil
        full = weights.isDense ? values : Matrix(rows: weights.units, columns: width)
        self.fullGradient =
            fullGradient ?? (weights.isDense ? gradient! : Matrix(rows: weights.units, columns: width))
    }

    /// The floats of W and its gradient, where they are not the values themselves.
    package static func floats(of weights: WeightShape) -> Int {
        weights.isDense ? 0 : 2 * weights.units * (weights.grid.count + 1)
    }

    private var inputs: Int { weights.grid.count }

    /// Expands W from the learned values, after they changed.
    package func expand() {
        guard !weights.isDense else { return }
        weights.expand(values.columns(0..<weights.valuesPerUnit), into: full.columns(0..<inputs))
        full.columns(inputs..<inputs + 1).copy(from: values.columns(values.columns - 1..<values.columns))
    }

    /// Makes the gradient of the values from that of W, and that of U where it is learned.
    package func projectGradient() {
        guard !isProjected else { return }
        if let gradient {
            weights.projectGradient(fullGradient.columns(0..<inputs), into: gradient.columns(0..<weights.valuesPerUnit))
            gradient.columns(gradient.columns - 1..<gradient.columns).copy(
                from: fullGradient.columns(inputs..<inputs + 1))
        }
        guard let dictionaryGradient else { return }
        let positions = weights.grid.positions
        for (j, column) in weights.columns.enumerated() {
            weights.dictionaryGradient(
                fullGradient.rows(column.units).columns(0..<inputs),
                values: values.rows(column.units).columns(0..<weights.valuesPerUnit),
                into: dictionaryGradient.rows(j * positions..<(j + 1) * positions))
        }
    }
}
