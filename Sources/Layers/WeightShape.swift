import LinearAlgebra

/// The shape of a layer's weights W and of the values that they are predicted from, without a number of either: all
/// that a plan needs to know of them.
public struct WeightShape: Hashable, Sendable {
    /// The layer's inputs.
    public let grid: TensorShape
    /// Units of the layer, n_h.
    public let units: Int
    /// Columns, J.
    public let columns: Int
    /// Atoms, or positions of one plane, that a column has learned values at; nil: nothing is predicted.
    public let atoms: Int?

    /// - Parameter atoms: nil for a dense layer, which has one column.
    public init(grid: TensorShape, units: Int, columns: Int = 1, atoms: Int?) {
        self.grid = grid
        self.units = units
        self.columns = columns
        self.atoms = atoms
    }

    public var isDense: Bool { atoms == nil }
    /// Learned values of a unit, n_α = atoms × channels.
    public var valuesPerUnit: Int { (atoms ?? grid.positions) * grid.channels }
    /// Σ n_α·n_h over the columns.
    public var learnedValues: Int { units * valuesPerUnit }
    /// n_v·n_h.
    public var fullWeights: Int { units * grid.count }
    /// Σ n_α·n_h / (n_v·n_h), the proportion really learned.
    public var proportion: Double { Double(learnedValues) / Double(fullWeights) }
    /// Values of the U of all columns, one plane each; 0 for a dense layer.
    public var dictionaryValues: Int { columns * grid.positions * (atoms ?? 0) }
    /// Inputs pooled by all columns, with a 1 for each: J·(n_α + 1).
    public var pooledInputs: Int { columns * (valuesPerUnit + 1) }
}
