import LinearAlgebra

/// XU of all columns of a layer whose dictionary is squared exponential, by way of blurred inputs.
///
/// On a grid the kernel is one along each axis, K = K_rows ⊗ K_columns, so XK is two small products, the same for any
/// number of columns. XU_j is then XK at α_j, and in the ridge form that times (K_α + λI)⁻¹. Flops for m samples:
/// 2·m·n_v·(height + width) and 2·m·n_α²·J/channels, instead of the direct product's
/// 2·m·n_v·n_α·J/channels.
public struct SeparablePooling: Sendable {
    private let weights: PredictedWeights
    private let alongRows: Matrix<Float>
    private let alongColumns: Matrix<Float>
    /// (K_α + λI)⁻¹ of every column; none in the raw form.
    private let inverses: [Matrix<Float>]

    /// Samples that are blurred at a time, so that they stay in cache.
    private static let block = 100
    /// The rounding of XK grows by the condition number of K_α + λI, which is at most 1 + ‖K‖/λ.
    static let largestCondition = 1000.0

    /// - Parameter weights: a layer whose U are those of the dictionary, not learned since.
    /// - Throws: `FactorisationError` where K_α + λI is not positive definite.
    /// - Complexity: in the ridge form 7/3·n³ flops a column in Double, for n positions in α.
    public init(_ dictionary: SquaredExponential, of weights: PredictedWeights) throws(FactorisationError) {
        self.weights = weights
        (alongRows, alongColumns) = SeparablePooling.kernels(dictionary)
        var inverses: [Matrix<Float>] = []
        if case .ridge(let ridge) = dictionary.form {
            for column in weights.columns {
                inverses.append(try dictionary.inverse(alpha: column.alpha, ridge: ridge).rounded)
            }
        }
        self.inverses = inverses
    }

    /// The pooled inputs of all columns as `PredictedWeights.poolAll` makes them, but for rounding.
    ///
    /// - Parameters:
    ///   - inputs: samples × n_v.
    ///   - pooled: samples × J·(n_α + 1).
    public func poolAll(_ inputs: Matrix<Float>, into pooled: Matrix<Float>) {
        let grid = weights.grid, positions = grid.positions, count = weights.columns[0].alpha.count,
            width = weights.valuesPerUnit + 1
        let workspaces = (0..<3).map { _ in Matrix<Float>(rows: SeparablePooling.block, columns: positions) }
        let chosen = Matrix<Float>(rows: SeparablePooling.block, columns: count)
        for start in stride(from: 0, to: inputs.rows, by: SeparablePooling.block) {
            let samples = start..<min(start + SeparablePooling.block, inputs.rows), m = samples.count
            let parts = workspaces.map { $0.rows(0..<m) },
                atAlpha = chosen.rows(0..<m).reshaped(rows: count, columns: m)
            for channel in 0..<grid.channels {
                parts[0].copy(from: inputs.rows(samples).columns(channel * positions..<(channel + 1) * positions))
                // K·Xᵀ instead of XK leaves samples and pixels transposed: the axis that was blurred comes first,
                // the other one last, for the next product; after both a position is a row and a sample a column.
                multiply(
                    alongColumns, parts[0].reshaped(rows: m * grid.height, columns: grid.width), transposed: .second,
                    into: parts[1].reshaped(rows: grid.width, columns: m * grid.height))
                multiply(
                    alongRows, parts[1].reshaped(rows: grid.width * m, columns: grid.height), transposed: .second,
                    into: parts[2].reshaped(rows: grid.height, columns: grid.width * m))
                let blurred = parts[2].reshaped(rows: positions, columns: m)
                for (j, column) in weights.columns.enumerated() {
                    let first = j * width + channel * count
                    let target = pooled.rows(samples).columns(first..<first + count)
                    if inverses.isEmpty {
                        for r in 0..<m {
                            for (a, position) in column.alpha.enumerated() { target[r, a] = blurred[position, r] }
                        }
                    } else {
                        for (a, position) in column.alpha.enumerated() {
                            atAlpha.rows(a..<a + 1).copy(from: blurred.rows(position..<position + 1))
                        }
                        multiply(atAlpha, inverses[j], transposed: .first, into: target)
                    }
                }
            }
        }
        for j in weights.columns.indices { pooled.columns((j + 1) * width - 1..<(j + 1) * width).fill(1) }
    }

    /// Whether to pool so: where the estimate is lower than that of `PredictedWeights.poolAll`, and rounding grows by
    /// no more than three digits.
    public static func pays(_ dictionary: SquaredExponential, of weights: WeightShape, samples: Int) -> Bool {
        if case .ridge(let ridge) = dictionary.form {
            let (rows, columns) = kernels(dictionary)
            // ‖K‖ is at most the largest sum of a row.
            func norm(_ kernel: Matrix<Float>) -> Double { kernel.arrays.map { Double($0.reduce(0, +)) }.max()! }
            guard 1 + norm(rows) * norm(columns) / ridge <= largestCondition else { return false }
        }
        let estimates = estimates(dictionary, of: weights, samples: samples)
        return estimates.separable < estimates.direct
    }

    /// Flops at full rate of both ways, by the rules of `PathCost`: thin products count for more, and so does what
    /// streams.
    public static func estimates(
        _ dictionary: SquaredExponential, of weights: WeightShape, samples: Int
    ) -> (direct: Double, separable: Double) {
        let grid = weights.grid, count = weights.atoms ?? grid.positions, columns = Double(weights.columns)
        let m = Double(samples), nV = Double(grid.count), n = Double(count),
            allValues = columns * Double(weights.valuesPerUnit)
        func product(_ flops: Double, inner: Int) -> Double { flops / PathCost.efficiency(innerDimension: inner) }
        func streaming(_ values: Double) -> Double { PathCost.flopsPerByte * 4 * values }
        let direct = weights.poolingEstimate(samples: samples)
        let blur = [grid.height, grid.width].reduce(0) { $0 + product(2 * m * nV * Double($1), inner: $1) }
        guard case .ridge = dictionary.form else { return (direct, blur + streaming(m * (6 * nV + 2 * allValues))) }
        // Double runs at half the rate of Float.
        let inverses = 2 * columns * 7 / 3 * n * n * n
        return (
            direct,
            blur + product(2 * m * n * allValues, inner: count) + streaming(m * (6 * nV + 4 * allValues)) + inverses
        )
    }

    /// Between the positions of a column of the plane, height × height, and of a row, width × width.
    private static func kernels(_ dictionary: SquaredExponential) -> (rows: Matrix<Float>, columns: Matrix<Float>) {
        let grid = dictionary.grid, down = (0..<grid.height).map { $0 * grid.width }, across = Array(0..<grid.width)
        return (
            dictionary.kernel(rows: down, columns: down).rounded,
            dictionary.kernel(rows: across, columns: across).rounded
        )
    }
}
