import Foundation
import LinearAlgebra

/// The filters of a predicted convolution, computed without W: inputs are pooled, once for all maps, and C mixes what
/// comes of it.
///
/// - Filters that are sums of kernels around few of their pixels, W(p) = Σ_α c_α·k(p − α): inputs are blurred
///   once, and what is left of a filter are these taps, with C = (K_α + λI)⁻¹w, or Bw of an orthonormal basis. SE
///   has such filters where its kernel may go on beyond their window, RandCon with a kernel of one pixel.
/// - Others are sums of the atoms of U: each channel is convolved with these, and C is w.
///
/// Where there are several columns, C is at the taps, or atoms, of all of them, and 0 where a column has none.
package struct PooledFilters: Sendable {
    package enum Pooling: Sendable {
        case blur(Blurring)
        /// U of all columns side by side, pixels of a filter × atoms.
        case atoms(Matrix<Float>)
    }

    /// C from w: one plane has the taps, or atoms, of all columns alone.
    package let weights: PredictedWeights
    package let pooling: Pooling

    /// - Parameters:
    ///   - dictionary: what the layer takes its U from; nil: it is known no longer, and filters have no taps.
    ///   - weights: a layer of the shape of a filter with what its kernels reach.
    ///   - spec: how it is predicted; channels share α.
    /// - Throws: `DictionaryError` where K_α + λI is not positive definite, or eigenvalues do not converge.
    /// - Complexity: of taps 7/3·n_α³ flops in Double a column, once, or those of `OrthonormalBasis`.
    package init(
        _ dictionary: (any WeightDictionary)?, of weights: PredictedWeights, _ spec: WeightSpec
    ) throws(DictionaryError) {
        if let dictionary, spec.hasTaps(weights.grid) {
            (self.weights, pooling) = try PooledFilters.taps(of: weights, dictionary, reach: spec.reach ?? 0)
        } else {
            (self.weights, pooling) = PooledFilters.atoms(of: weights, isShared: spec.sharesAtoms)
        }
    }

    private static func taps(
        of weights: PredictedWeights, _ dictionary: any WeightDictionary, reach: Int
    ) throws(DictionaryError) -> (PredictedWeights, Pooling) {
        let width = weights.grid.width
        let alpha = Set(weights.columns.flatMap(\.alpha)).sorted()
        let taps = alpha.map { ($0 / width - reach) * (width - 2 * reach) + $0 % width - reach }
        let se = ((dictionary as? OrthonormalBasis)?.base ?? dictionary) as? SquaredExponential
        let kernel = se?.profile(reach: reach).map(Float.init) ?? [1]
        var columns: [Column] = []
        for column in weights.columns {
            let solved = try solved(column, of: dictionary, se, weights.grid)
            let own = column.alpha.count
            var all = solved
            if taps.count > own {
                let spread = Matrix<Float>(rows: taps.count, columns: own)
                for (a, position) in column.alpha.enumerated() {
                    let row = alpha.firstIndex(of: position)!
                    for b in 0..<own { spread[row, b] = solved?[a, b] ?? (a == b ? 1 : 0) }
                }
                all = spread
            }
            columns.append(Column(units: column.units, alpha: Array(0..<own), dictionary: all))
        }
        let mixing = PredictedWeights(
            grid: TensorShape(channels: weights.grid.channels, height: 1, width: taps.count), columns: columns)
        return (mixing, .blur(Blurring(taps: taps, kernel: kernel)))
    }

    /// - Parameter isShared: whether all columns have the same U.
    private static func atoms(of layer: PredictedWeights, isShared: Bool) -> (PredictedWeights, Pooling) {
        let own = layer.columns[0].alpha.count, count = isShared ? own : own * layer.columns.count
        let all = Matrix<Float>(rows: layer.grid.positions, columns: count)
        let columns = layer.columns.enumerated().map { j, column in
            let place = isShared ? 0..<own : j * own..<(j + 1) * own
            all.columns(place).copy(from: column.dictionary!)
            guard !isShared else {
                return Column(units: column.units, alpha: Array(0..<own), dictionary: nil)
            }
            let spread = Matrix<Float>(rows: count, columns: own)
            for (a, row) in place.enumerated() { spread[row, a] = 1 }
            return Column(units: column.units, alpha: Array(0..<own), dictionary: spread)
        }
        let mixing = PredictedWeights(
            grid: TensorShape(channels: layer.grid.channels, height: 1, width: count), columns: columns)
        return (mixing, .atoms(all))
    }

    /// What makes C of w at a column's own taps; nil: C is w.
    private static func solved(
        _ column: Column, of dictionary: any WeightDictionary, _ se: SquaredExponential?, _ grid: TensorShape
    ) throws(DictionaryError) -> Matrix<Float>? {
        guard let se else { return nil }
        if dictionary is OrthonormalBasis {
            // The model has the rounded U, and what was cut of it on rank 0.
            let u = se.kernel(rows: Array(0..<grid.positions), columns: column.alpha).rounded.widened
            return try OrthonormalBasis.rotation(of: u, rank: column.rank).rounded
        }
        guard case .ridge(let ridge) = se.form else { return nil }
        do { return try se.inverse(alpha: column.alpha, ridge: ridge).rounded } catch {
            throw DictionaryError("\(error)")
        }
    }
}

extension WeightSpec {
    /// Whether all columns have the same U: there is one, they have the same draws, or nothing is drawn for them.
    fileprivate var sharesAtoms: Bool {
        columns == 1 || sampling == .shared
            || dictionary.traits.contains(.leading)
                && (dictionary.need != nil || dictionary.traits.contains(.topology))
    }

    /// Whether filters have taps that all channels share: those of connections, or of a kernel that goes on beyond
    /// their window. The rounding of C grows by the condition number of K_α + λI, at most 1 + ‖K‖/λ, which must
    /// not be large.
    package func hasTaps(_ grid: TensorShape) -> Bool {
        guard (channels ?? .tied) == .tied else { return false }
        guard let reach else { return dictionary.traits.contains(.identity) }
        guard dictionary == .se, 0...LayerSpec.mostReach ~= reach, let made = try? makeDictionary(of: grid) else {
            return false
        }
        // Without a ridge there is nothing to invert, and of an orthonormal basis B's condition number is below 10³.
        guard let dictionary = made as? SquaredExponential, case .ridge(let ridge) = dictionary.form else {
            return true
        }
        let sum = dictionary.profile(reach: reach).reduce(0, +)
        return 1 + sum * sum / ridge <= SeparablePooling.largestCondition
    }
}

/// What a plan knows of pooled filters.
package struct PooledPlan: Sendable {
    /// How they are predicted.
    package let spec: WeightSpec
    /// Whether they have taps, so that inputs are blurred.
    package let isBlurred: Bool
    /// The taps, or atoms, that their columns have together.
    package let count: Int
    /// Those of one column.
    private let ownAtoms: Int

    /// - Parameters:
    ///   - grid: the shape of a filter with what its kernels reach.
    ///   - stream: the random numbers of a column.
    package init(_ spec: WeightSpec, of grid: TensorShape, stream: (Int) -> ColumnStream) {
        self.spec = spec
        isBlurred = spec.hasTaps(grid)
        ownAtoms = spec.atoms(of: grid)
        count = isBlurred
            ? Set((0..<spec.columns).flatMap { spec.sampleAtoms(of: grid, stream: stream($0)) }).count
            : (spec.sharesAtoms ? 1 : spec.columns) * ownAtoms
    }

    /// Whether C is another than w.
    private var solves: Bool {
        isBlurred
            ? count > ownAtoms || spec.dictionary == .se && spec.kernel.form != .raw
            : !spec.sharesAtoms
    }

    /// The shape of C; dense where it is w.
    func shape(of weights: WeightShape) -> WeightShape {
        WeightShape(
            grid: TensorShape(channels: weights.grid.channels, height: 1, width: count), units: weights.units,
            columns: solves ? weights.columns : 1, atoms: solves ? weights.atoms : nil)
    }
}
