import LinearAlgebra

/// The weights of a layer, W = [U₁w₁ … U_J w_J], held as the learned values w (Denil et al. 2013, section 3).
///
/// A unit is a row: w is units × n_α, W is units × n_v, both with their inputs ordered channel, position. Because U
/// is one plane's block repeated for each channel, a unit's row is `channels` rows of a product with that block, and
/// the zeros between channels are never touched. Rows may be part of wider ones, such as a unit's values without its
/// bias: then there is a product for each channel.
public struct PredictedWeights: Sendable {
    public let shape: WeightShape
    public let columns: [Column]

    /// Columns must cover the units in order and have equally many α.
    public init(grid: TensorShape, columns: [Column]) {
        precondition(!columns.isEmpty)
        var next = 0
        for column in columns {
            precondition(column.units.lowerBound == next && column.alpha.count == columns[0].alpha.count)
            precondition(column.dictionary.map { $0.rows == grid.positions } ?? (column.alpha.count == grid.positions))
            next = column.units.upperBound
        }
        self.columns = columns
        let isDense = columns.allSatisfy { $0.dictionary == nil }
        shape = WeightShape(
            grid: grid, units: next, columns: columns.count, atoms: isDense ? nil : columns[0].alpha.count)
    }

    /// An ordinary layer: one column whose dictionary is the identity.
    public static func dense(grid: TensorShape, units: Int) -> PredictedWeights {
        PredictedWeights(
            grid: grid, columns: [Column(units: 0..<units, alpha: Array(0..<grid.positions), dictionary: nil)])
    }

    public var grid: TensorShape { shape.grid }
    /// All units of the layer, n_h.
    public var units: Int { shape.units }
    /// Learned values of a unit, n_α = atoms × channels; the same in every column.
    public var valuesPerUnit: Int { shape.valuesPerUnit }
    public var isDense: Bool { shape.isDense }

    /// W ← Uw. 2·n_h·n_v·n_α/channels flops.
    ///
    /// - Parameters:
    ///   - values: w, units × n_α.
    ///   - weights: W, units × n_v.
    public func expand(_ values: Matrix<Float>, into weights: Matrix<Float>) {
        forEachColumn(values, weights) { w, dictionary, full in multiply(w, dictionary, transposed: .second, into: full)
        }
    }

    /// g ← Uᵀ·∂L/∂W, the gradient of the learned values. 2·n_h·n_v·n_α/channels flops.
    ///
    /// - Parameters:
    ///   - weightGradient: units × n_v.
    ///   - gradient: units × n_α.
    public func projectGradient(_ weightGradient: Matrix<Float>, into gradient: Matrix<Float>) {
        forEachColumn(weightGradient, gradient) { full, dictionary, g in multiply(full, dictionary, into: g) }
    }

    /// G ← Σ over channels (∂L/∂W_j)ᵀ·w_j: the gradient of one column's U on one plane, where U is learned.
    /// 2·units·n_v·n_α/channels flops.
    ///
    /// - Parameters:
    ///   - weightGradient: a row for each unit of the column, n_v columns.
    ///   - values: w, a row for each unit of the column, n_α columns.
    ///   - gradient: positions × positions in α.
    public func dictionaryGradient(
        _ weightGradient: Matrix<Float>, values: Matrix<Float>, into gradient: Matrix<Float>
    ) {
        var kept: Float = 0
        forEachPlane(weightGradient, values) { full, w in
            multiply(full, w, transposed: .first, into: gradient, beta: kept)
            kept = 1
        }
    }

    /// w ← argmin ‖Uw − W‖² + ε‖w‖²: the learned values that predict given weights best. ε, 1e-10 of
    /// the largest ‖u‖² of a column's atoms, makes a U solvable whose atoms depend on each other; for a W that
    /// some w* predicts, ‖Uw − W‖ ≤ ½√ε‖w*‖. Where all atoms are 0, as covariances with inputs that
    /// never change are, so is w.
    ///
    /// 2·positions·n² + n³/3 flops in Double a column for n atoms, and 2·n_v·n + 2·n²·channels a unit.
    ///
    /// - Parameters:
    ///   - weights: W, units × n_v.
    ///   - values: units × n_α.
    /// - Throws: `FactorisationError` where UᵀU + εI is not positive definite in Double, as it is not for a U that
    ///   holds NaN or infinity.
    public func fit(_ weights: Matrix<Float>, into values: Matrix<Float>) throws(FactorisationError) {
        for column in columns {
            let full = weights.rows(column.units), w = values.rows(column.units)
            guard let dictionary = column.dictionary else {
                w.copy(from: full)
                continue
            }
            let u = dictionary.widened, n = u.columns, gram = Matrix<Double>(rows: n, columns: n)
            multiply(u, u, transposed: .first, into: gram)
            let largest = (0..<n).map { gram[$0, $0] }.max() ?? 0
            guard largest != 0 else {
                w.fill(0)
                continue
            }
            for a in 0..<n { gram[a, a] += 1e-10 * largest }
            let planes = perChannel(full.clone()).widened, products = Matrix<Double>(rows: planes.rows, columns: n)
            multiply(planes, u, into: products)
            w.copy(
                from: try solvePositiveDefinite(gram, rows: products).rounded.reshaped(rows: w.rows, columns: w.columns)
            )
        }
    }

    /// U_jᵀ of one column: the weights that each learned value alone stands for, n_α × n_v.
    public func basis(column index: Int) -> Matrix<Float> {
        let rows = Matrix<Float>(rows: valuesPerUnit, columns: grid.count)
        let count = columns[index].alpha.count
        for channel in 0..<grid.channels {
            for a in 0..<count {
                for position in 0..<grid.positions {
                    let value = columns[index].dictionary.map { $0[position, a] } ?? (position == a ? 1 : 0)
                    rows[channel * count + a, channel * grid.positions + position] = value
                }
            }
        }
        return rows
    }

    /// S ← XU_j: inputs pooled with one column's dictionary. 2·samples·n_v·n_α/channels flops.
    ///
    /// - Parameters:
    ///   - inputs: samples × n_v.
    ///   - pooled: samples × n_α.
    public func pool(_ inputs: Matrix<Float>, column index: Int, into pooled: Matrix<Float>) {
        guard let dictionary = columns[index].dictionary else { return pooled.copy(from: inputs) }
        forEachPlane(inputs, pooled) { inputs, pooled in multiply(inputs, dictionary, into: pooled) }
    }

    /// Calls the body with what meets the same block of U: the parts of a, of units × anything, that block and the
    /// parts of b. Where U is the identity a is copied to b.
    private func forEachColumn(
        _ a: Matrix<Float>, _ b: Matrix<Float>, _ body: (Matrix<Float>, Matrix<Float>, Matrix<Float>) -> Void
    ) {
        for column in columns {
            let (a, b) = (a.rows(column.units), b.rows(column.units))
            guard let dictionary = column.dictionary else {
                b.copy(from: a)
                continue
            }
            forEachPlane(a, b) { body($0, dictionary, $1) }
        }
    }

    /// Calls the body with the parts of two matrices that meet the same block of U. A row of a unit or a sample is one
    /// row a channel where both matrices are contiguous, so that there is one product; else there is one for each
    /// channel.
    private func forEachPlane(_ a: Matrix<Float>, _ b: Matrix<Float>, _ body: (Matrix<Float>, Matrix<Float>) -> Void) {
        precondition(a.columns % grid.channels == 0 && b.columns % grid.channels == 0)
        if a.isContiguous && b.isContiguous { return body(perChannel(a), perChannel(b)) }
        let widthA = a.columns / grid.channels, widthB = b.columns / grid.channels
        for channel in 0..<grid.channels {
            body(
                a.columns(channel * widthA..<(channel + 1) * widthA),
                b.columns(channel * widthB..<(channel + 1) * widthB))
        }
    }

    private func perChannel(_ matrix: Matrix<Float>) -> Matrix<Float> {
        matrix.reshaped(rows: matrix.rows * grid.channels, columns: matrix.columns / grid.channels)
    }
}
