import LinearAlgebra

/// A fully connected layer, y = Wx + b, whose W is predicted (Denil et al. 2013, section 3).
///
/// Its learned values are a parameter of units × (n_α + 1): a unit's w, then its bias. Inputs are samples × (n_v +
/// 1) whose last column is 1, so that a bias is one more weight and no pass of its own. On the reduced path they are
/// pooled inputs with their 1s, samples × J·(n_α + 1). Workspaces are made once, for `capacity` samples.
///
/// Flops for m samples, forward and backward to inputs together:
/// - expanded: 6·m·n_v·n_h, and 4·n_h·n_v·n_α/channels for W = Uw and Uᵀ∂L/∂W, which no batch size
///   changes;
/// - pooled: 6·m·n_α·n_h, and 4·m·n_v·n_α·J for xU and its way back;
/// - reduced: 4·m·n_α·n_h: the pooled inputs of the whole run were made before, and nobody asks for the gradient of
///   the inputs.
public final class FullyConnected: Layer {
    public let weights: PredictedWeights
    public let path: ComputePath
    private let values: Matrix<Float>
    private let gradient: Matrix<Float>?
    /// W and its gradient; nil on the other paths.
    private let expanded: ExpandedWeights?
    /// [U₁ … U_J] for inputs with their 1, (n_v + 1) × J·(n_α + 1). Only of the pooled path.
    private let pooling: Matrix<Float>
    /// Pooled inputs with their 1s, samples × J·(n_α + 1). Only of the pooled path.
    private let pooled: Matrix<Float>
    private let pooledGradient: Matrix<Float>
    public let hasWeights = true
    public let parameters: [Int]

    /// - Parameters:
    ///   - values: units × (n_α + 1).
    ///   - gradient: as large; where `backward` and `projectGradient` leave the gradient of the values; nil where they
    ///     are held and U alone is learned.
    ///   - capacity: the most samples of one batch.
    ///   - fullGradient: where `backward` leaves the gradient of W and the biases on the expanded path, units × (n_v +
    ///     1); nil: in memory of its own, or in `gradient` where nothing is predicted.
    ///   - dictionaryGradient: where `projectGradient` leaves the gradient of every column's U, one below the other,
    ///     J·positions × atoms; nil where U is not learned. Only the expanded path has it.
    ///   - parameters: those whose gradient the layer leaves.
    public init(
        weights: PredictedWeights, values: Matrix<Float>, gradient: Matrix<Float>?, capacity: Int, path: ComputePath,
        fullGradient: Matrix<Float>? = nil, dictionaryGradient: Matrix<Float>? = nil, parameters: [Int] = []
    ) {
        let width = weights.shape.pooledInputs
        if path != .expanded {
            precondition(!weights.isDense, "a dense layer has no pooled inputs")
            precondition(dictionaryGradient == nil, "a learned U is computed expanded")
            precondition(fullGradient == nil, "W has a gradient on the expanded path only")
            precondition(values.rows == weights.units && values.columns == weights.valuesPerUnit + 1)
            precondition(gradient!.rows == values.rows && gradient!.columns == values.columns)
        }
        self.weights = weights
        self.path = path
        self.values = values
        self.gradient = gradient
        expanded = path == .expanded
            ? ExpandedWeights(
                weights, values: values, gradient: gradient, fullGradient: fullGradient,
                dictionaryGradient: dictionaryGradient) : nil
        pooling = path == .pooled ? weights.pooling : Matrix(rows: 0, columns: 0)
        pooled = Matrix(rows: path == .pooled ? capacity : 0, columns: width)
        pooledGradient = Matrix(rows: path == .pooled ? capacity : 0, columns: width)
        self.parameters = parameters
    }

    /// The floats that a layer holds beside its values: W with its gradient, or what pools and what is pooled.
    public static func floats(of weights: WeightShape, path: ComputePath, capacity: Int) -> Int {
        let inputs = weights.grid.count + 1
        return switch path {
        case .expanded: ExpandedWeights.floats(of: weights)
        case .pooled: inputs * weights.pooledInputs + 2 * capacity * weights.pooledInputs
        case .reduced: 0
        }
    }

    /// The columns of a layer's inputs: values and a 1, or pooled inputs.
    public static func inputColumns(of weights: WeightShape, path: ComputePath) -> Int {
        path == .reduced ? weights.pooledInputs : weights.grid.count + 1
    }

    public var outputs: Int { weights.units }
    public var inputColumns: Int { FullyConnected.inputColumns(of: weights.shape, path: path) }
    public var inputs: Int { weights.grid.count }

    public func expand() { expanded?.expand() }

    /// y ← Wx + b.
    public func forward(_ input: Matrix<Float>, into output: Matrix<Float>, _ pass: Pass) {
        if let expanded { return multiply(input, expanded.full, transposed: .second, into: output) }
        let s = pooledInputs(input)
        if path == .pooled { multiply(input, pooling, into: s) }
        weights.outputs(pooled: { s.columns(part($0)) }, values, into: output)
    }

    /// Computes the gradient of W, or on the other paths of the values, and where asked for that of the inputs. The
    /// reduced path has none of its inputs.
    public func backward(
        _ input: Matrix<Float>, _ output: Matrix<Float>, _ outputGradient: Matrix<Float>,
        into inputGradient: Matrix<Float>?,
        _ pass: Pass
    ) {
        if let expanded {
            multiply(outputGradient, input, transposed: .first, into: expanded.fullGradient)
            if let inputGradient { multiply(outputGradient, expanded.full.columns(0..<inputs), into: inputGradient) }
            return
        }
        let s = pooledInputs(input)
        weights.gradient(of: outputGradient, pooled: { s.columns(part($0)) }, into: gradient!)
        guard let inputGradient else { return }
        precondition(path == .pooled, "the reduced path has no gradient of its inputs")
        let t = pooledGradient.rows(0..<outputGradient.rows)
        for (j, column) in weights.columns.enumerated() {
            multiply(outputGradient.columns(column.units), values.rows(column.units), into: t.columns(part(j)))
        }
        // The rows of `pooling` above the last: the constant input has no gradient.
        multiply(t, pooling.rows(0..<inputs), transposed: .second, into: inputGradient)
    }

    public func projectGradient() { expanded?.projectGradient() }

    /// The pooled inputs of a batch, which the reduced path is given.
    private func pooledInputs(_ input: Matrix<Float>) -> Matrix<Float> {
        path == .reduced ? input : pooled.rows(0..<input.rows)
    }

    /// A column's part of the pooled inputs.
    private func part(_ column: Int) -> Range<Int> {
        let width = weights.valuesPerUnit + 1
        return column * width..<(column + 1) * width
    }
}

extension PredictedWeights {
    /// [U₁ … U_J], each with one more row and column for the constant input: inputs of samples × (n_v + 1) times
    /// this are the pooled inputs of all columns, samples × J·(n_α + 1), a 1 at the end of each column's part.
    public var pooling: Matrix<Float> {
        let width = valuesPerUnit + 1
        let all = Matrix<Float>(rows: grid.count + 1, columns: columns.count * width)
        for j in columns.indices {
            let basis = basis(column: j)
            for a in 0..<valuesPerUnit {
                for i in 0..<grid.count { all[i, j * width + a] = basis[a, i] }
            }
            all[grid.count, j * width + valuesPerUnit] = 1
        }
        return all
    }
    /// The pooled inputs of all columns, of every column XU_j and a 1. 2·samples·n_v·n_α·J/channels flops.
    ///
    /// - Parameters:
    ///   - inputs: samples × n_v.
    ///   - pooled: samples × J·(n_α + 1).
    public func poolAll(_ inputs: Matrix<Float>, into pooled: Matrix<Float>) {
        let width = valuesPerUnit + 1
        for j in columns.indices {
            pool(inputs, column: j, into: pooled.columns(j * width..<(j + 1) * width - 1))
            pooled.columns((j + 1) * width - 1..<(j + 1) * width).fill(1)
        }
    }
}
