import DataParallel
import Layers
import LinearAlgebra
import Partition

/// The RICA objective over patches x, as a mean per patch: λ·Σ√((Ŵx)² + ε) + ½‖ŴᵀŴx − x‖², where Ŵ
/// is W with normalised rows, and its gradient with respect to the learned values w behind W (Le et al. 2011; Denil et
/// al. 2013, section 4).
///
/// The reconstruction term needs no pass over the patches: with C = Σxxᵀ and A = ŴᵀŴ − I it is ½tr(ACA),
/// gradient Ŵ(AC + CA). What is left are two products a block of patches, ŷ = Ŵx and the gradient, each
/// 2·m·n_v·n_h flops expanded and 2·m·n_α·n_h reduced. Everything runs in blocks of patches whose outputs stay
/// in cache, on workspaces made once.
///
/// Both norms are quadratic forms of a unit's learned values, N² = wBwᵀ, so the gradient goes back through the norm
/// without leaving the space of w: ∂L/∂w = (ĝ − (ĝ·ŵ)ŵB)/N with ŵ = w/N and ĝ the gradient at ŵ.
public final class RICAObjective: ShardedObjective {
    /// What a patch's features are made from, for patches of this rank.
    private enum Inputs {
        case expanded(Matrix<Float>)
        case pooled(Matrix<Float>, block: [Matrix<Float>])
        case reduced([Matrix<Float>])
    }

    /// ε of the RICA authors' release.
    public static let defaultEpsilon: Float = 1e-5

    public let weights: PredictedWeights
    public let path: ComputePath
    private let inputs: Inputs
    public let parts: Int
    /// The patches of every part.
    private let ranges: [Range<Int>]
    /// Where it is fixed, products over units run in blocks of units that no rank count changes.
    private let order: ReductionOrder
    private let totalPatches: Double
    private let sparsity: Double
    private let epsilon: Float

    /// The outer products Σxxᵀ over all patches of all ranks.
    private let outerProducts: Matrix<Double>
    /// U_jᵀ of every column; empty for a dense layer, whose U is the identity.
    private let bases: [Matrix<Double>]
    private let metrics: [Matrix<Float>]

    private let normalised: Matrix<Float>  // ŵ
    private let throughMetric: Matrix<Float>  // ŵB
    private var norms: [Double]
    private let rows: Matrix<Float>  // Ŵ
    private let outputs: Matrix<Float>  // one block's features, at most blockSize × units
    /// The sparsity term's gradient of some blocks, at Ŵ where expanded, else at ŵ; and of all blocks so far.
    private let blockGradient: Matrix<Float>
    private let sumGradient: Matrix<Double>
    // The reconstruction term is small and the difference of large numbers: it is formed in Double.
    private let wideRows: Matrix<Double>
    private let deviation: Matrix<Double>  // A = ŴᵀŴ − I
    private let product: Matrix<Double>  // AC, then AC + CA
    private let rowGradient: Matrix<Double>  // units × n_v
    private let valueGradient: Matrix<Double>  // units × n_α

    /// Patches whose outputs are formed at a time, so that they are still in cache for the second product.
    private let blockSize: Int

    private let timer: StepTimer

    /// - Parameters:
    ///   - patches: this rank's whitened and normalised patches, m × n_v, contiguous. Kept on the expanded and pooled
    ///     paths; the reduced path keeps m × n_α values a column instead.
    ///   - totalPatches: patches on all ranks together.
    ///   - outerProducts: Σxxᵀ over all of them, n_v × n_v.
    ///   - sparsity: λ.
    ///   - epsilon: ε under the root of the smooth absolute value.
    ///   - parts: the patches that are computed separately; nil: all of them at once.
    ///   - order: how sums over samples and units are formed.
    ///   - timer: measures what goes into W = Uw with its norms, and into Uᵀ∂L/∂W.
    public init(
        weights: PredictedWeights, patches: Matrix<Float>, totalPatches: Int, outerProducts: Matrix<Double>,
        norm: RICANorm, sparsity: Double, epsilon: Float = defaultEpsilon, path: ComputePath,
        parts: [Range<Int>]? = nil,
        order: ReductionOrder = .fast, timer: StepTimer = StepTimer()
    ) {
        let n = weights.grid.count, nA = weights.valuesPerUnit, nH = weights.units
        precondition(patches.columns == n && outerProducts.rows == n && outerProducts.columns == n)
        precondition(!weights.isDense || path == .expanded, "a dense layer has no pooled inputs")
        self.weights = weights
        self.path = path
        self.timer = timer
        let ranges = parts ?? [0..<patches.rows]
        self.ranges = ranges
        self.parts = ranges.count
        self.order = order
        self.totalPatches = Double(totalPatches)
        self.sparsity = sparsity
        self.epsilon = epsilon
        let width = nH + (path == .expanded ? n : nA * weights.columns.count)
        let blockSize = max(1, min(ranges.map(\.count).max()!, RICAObjective.blockSize(width: width)))
        self.blockSize = blockSize
        switch path {
        case .expanded:
            inputs = .expanded(patches)
        case .pooled:
            inputs = .pooled(patches, block: weights.columns.map { _ in Matrix(rows: blockSize, columns: nA) })
        case .reduced:
            inputs = .reduced(
                weights.columns.indices.map { j in
                    let pooled = Matrix<Float>(rows: patches.rows, columns: nA)
                    for range in ranges { weights.pool(patches.rows(range), column: j, into: pooled.rows(range)) }
                    return pooled
                })
        }
        self.outerProducts = outerProducts
        bases = weights.isDense ? [] : weights.columns.indices.map { weights.basis(column: $0).widened }
        let mean = Matrix<Float>(rows: n, columns: n)
        for i in 0..<n { for j in 0..<n { mean[i, j] = Float(outerProducts[i, j] / Double(totalPatches)) } }
        metrics = weights.columns.indices.map { norm.metric(of: weights, column: $0, meanOuterProduct: mean) }
        normalised = Matrix(rows: nH, columns: nA)
        throughMetric = Matrix(rows: nH, columns: nA)
        norms = [Double](repeating: 1, count: nH)
        rows = Matrix(rows: nH, columns: n)
        outputs = Matrix(rows: blockSize, columns: nH)
        blockGradient = Matrix(rows: nH, columns: path == .expanded ? n : nA)
        sumGradient = Matrix(rows: nH, columns: path == .expanded ? n : nA)
        wideRows = Matrix(rows: nH, columns: n)
        deviation = Matrix(rows: n, columns: n)
        product = Matrix(rows: n, columns: n)
        rowGradient = Matrix(rows: nH, columns: n)
        valueGradient = Matrix(rows: nH, columns: weights.isDense ? 0 : nA)
    }

    public var units: Int { weights.units }
    public var valuesPerUnit: Int { weights.valuesPerUnit }

    /// Patches whose outputs and inputs, `width` values together, take about a megabyte.
    static func blockSize(width: Int) -> Int { max(64, (1 << 18) / width / 8 * 8) }

    /// ŵ at the learned values given: the values that give the normalised rows, units × n_α.
    public func normalisedValues(at values: Matrix<Float>) -> Matrix<Float> {
        normalise(values)
        return normalised.clone()
    }

    public func samplesPart(_ part: Int, at values: Matrix<Float>, gradient: Matrix<Float>) -> Double {
        if part == 0 { timer.measure(.expand) { normalise(values) } }
        let scale = Float(sparsity / totalPatches)
        var sum = 0.0
        var start = ranges[part].lowerBound, block = 0
        let end = ranges[part].upperBound
        sumGradient.fill(0)
        while start < end {
            let range = start..<min(start + blockSize, end)
            sum += add(range, scale: scale, beta: block % RICAObjective.blocksInFloat == 0 ? 0 : 1)
            start = range.upperBound
            block += 1
            if block % RICAObjective.blocksInFloat == 0 || start == end {
                accumulate(
                    blockGradient.pointer, into: sumGradient.pointer, count: blockGradient.rows * blockGradient.columns)
            }
        }
        timer.measure(.projectGradient) {
            if path == .expanded { project(sumGradient, units: 0..<units) }
            let atValues = path == .expanded && !weights.isDense ? valueGradient : sumGradient
            gradient.fill(0)
            addThroughNorm(atValues, units: 0..<units, to: gradient)
        }
        return sparsity * sum / totalPatches
    }

    /// Blocks whose gradients are summed in Float before the sum goes on in Double.
    private static let blocksInFloat = 4

    /// Adds the sparsity term's gradient for one block of patches to beta·blockGradient; returns the block's
    /// Σ√(ŷ² + ε).
    private func add(_ block: Range<Int>, scale: Float, beta: Float) -> Double {
        let y = outputs.rows(0..<block.count)
        switch inputs {
        case .expanded(let patches):
            let x = patches.rows(block)
            multiply(x, rows, transposed: .second, into: y)
            let sum = smoothAbsoluteSlope(inPlace: y, epsilon: epsilon)
            multiply(y, x, transposed: .first, into: blockGradient, alpha: scale, beta: beta)
            return sum
        case .pooled(let patches, let pooled):
            for j in pooled.indices {
                weights.pool(patches.rows(block), column: j, into: pooled[j].rows(0..<block.count))
            }
            return addPooled(pooled, 0..<block.count, y, scale: scale, beta: beta)
        case .reduced(let pooled):
            return addPooled(pooled, block, y, scale: scale, beta: beta)
        }
    }

    private func addPooled(
        _ pooled: [Matrix<Float>], _ block: Range<Int>, _ y: Matrix<Float>, scale: Float, beta: Float
    ) -> Double {
        weights.outputs(pooled: { pooled[$0].rows(block) }, normalised, into: y)
        let sum = smoothAbsoluteSlope(inPlace: y, epsilon: epsilon)
        weights.gradient(of: y, pooled: { pooled[$0].rows(block) }, into: blockGradient, alpha: scale, beta: beta)
        return sum
    }

    public func complete(at values: Matrix<Float>, owned: Range<Int>, gradient: Matrix<Float>) -> Double {
        // A = ŴᵀŴ − I, then ½tr(ACA) and AC + CA.
        widen(rows.elements, into: wideRows.elements)
        multiply(wideRows, wideRows, transposed: .first, into: deviation)
        for i in 0..<deviation.rows { deviation[i, i] -= 1 }
        multiply(deviation, outerProducts, into: product)
        var trace = 0.0
        for i in 0..<product.rows {
            let ac = product.row(i), a = deviation.row(i)
            for j in 0..<ac.count { trace += ac[j] * a[j] }
        }
        for i in 0..<product.rows {
            for j in 0...i {
                let sum = product[i, j] + product[j, i]
                product[i, j] = sum
                product[j, i] = sum
            }
        }
        forEachBlock(of: owned) {
            multiply(wideRows.rows($0), product, into: rowGradient.rows($0), alpha: 1 / totalPatches)
        }
        timer.measure(.projectGradient) {
            forEachBlock(of: owned) { project(rowGradient, units: $0) }
            addThroughNorm(weights.isDense ? rowGradient : valueGradient, units: owned, to: gradient)
        }
        return 0.5 * trace / totalPatches
    }

    /// Calls the body with owned units: all at once, or in a reproducible reduction with every eighth of the layer that
    /// has some of them.
    private func forEachBlock(of owned: Range<Int>, _ body: (Range<Int>) -> Void) {
        guard order == .fixed else { return body(owned) }
        let blocks = Cut(units, into: ShardTree.shards)
        for b in 0..<blocks.parts where blocks[b].overlaps(owned) { body(blocks[b]) }
    }

    /// valueGradient ← rowGradient·U for some units; nothing to do for a dense layer.
    private func project(_ rowGradient: Matrix<Double>, units range: Range<Int>) {
        for (j, basis) in bases.enumerated() {
            let units = weights.columns[j].units.clamped(to: range)
            if units.isEmpty { continue }
            multiply(rowGradient.rows(units), basis, transposed: .second, into: valueGradient.rows(units))
        }
    }

    /// Adds (ĝ − (ĝ·ŵ)ŵB)/N for some units to a gradient that has a row for each of them.
    ///
    /// The way through the norm is linear, so each rank goes it before the sum over ranks. It takes away the large part
    /// of the sparsity's gradient, along ŵB: what is rounded to Float and sent is the small rest.
    private func addThroughNorm(_ atNormalised: Matrix<Double>, units: Range<Int>, to gradient: Matrix<Float>) {
        for (r, unit) in units.enumerated() {
            let g = gradient.row(r), total = atNormalised.row(unit), w = normalised.row(unit),
                q = throughMetric.row(unit)
            var along = 0.0
            for i in 0..<g.count { along += total[i] * Double(w[i]) }
            let inverse = 1 / norms[unit]
            for i in 0..<g.count { g[i] = Float(Double(g[i]) + (total[i] - along * Double(q[i])) * inverse) }
        }
    }

    /// Sets ŵ, N, ŵB and Ŵ.
    private func normalise(_ values: Matrix<Float>) {
        for (j, column) in weights.columns.enumerated() {
            multiply(values.rows(column.units), metrics[j], into: throughMetric.rows(column.units))
        }
        for unit in 0..<units {
            let w = values.row(unit).baseAddress!, q = throughMetric.row(unit).baseAddress!
            let to = normalised.row(unit).baseAddress!
            norms[unit] = dot(w, q, count: valuesPerUnit).squareRoot()
            let inverse = Float(1 / norms[unit])
            for i in 0..<valuesPerUnit {
                to[i] = w[i] * inverse
                q[i] *= inverse
            }
        }
        weights.expand(normalised, into: rows)
    }
}
