import Foundation
import LinearAlgebra

/// Filters that are sums of kernels around few of their pixels, W(p) = Σ_α c_α·k(p − α). `Convolution` computes
/// them so: inputs are blurred once, and C = (K_α + λI)⁻¹w, or Bw of an orthonormal basis, at these taps takes the
/// place of W.
///
/// SE has such filters where its kernel may go on beyond their window, RandCon with a kernel of one pixel.
package struct TapFilters: Sendable {
    /// C from w: one plane has the taps alone.
    package let weights: PredictedWeights
    package let blurring: Blurring

    /// - Parameters:
    ///   - dictionary: what the layer takes its U from.
    ///   - weights: a layer of one column whose spec has taps, of the shape of a filter with what its kernels reach.
    ///   - spec: how it is predicted.
    /// - Throws: `DictionaryError` where K_α + λI is not positive definite, or eigenvalues do not converge.
    /// - Complexity: 7/3·n_α³ flops in Double, once, or those of `OrthonormalBasis`.
    package init(
        _ dictionary: any WeightDictionary, of weights: PredictedWeights, _ spec: WeightSpec
    ) throws(DictionaryError) {
        let column = weights.columns[0], reach = spec.reach ?? 0, width = weights.grid.width
        let taps = column.alpha.map { ($0 / width - reach) * (width - 2 * reach) + $0 % width - reach }
        var kernel: [Float] = [1], inverse: Matrix<Float>?
        let base = (dictionary as? OrthonormalBasis)?.base ?? dictionary
        if let se = base as? SquaredExponential {
            kernel = se.profile(reach: reach).map(Float.init)
            if case .ridge(let ridge) = se.form {
                do { inverse = try se.inverse(alpha: column.alpha, ridge: ridge).rounded } catch {
                    throw DictionaryError("\(error)")
                }
            }
            if dictionary is OrthonormalBasis {
                let all = Array(0..<weights.grid.positions)
                // The model has the rounded U, and what was cut of it on rank 0.
                let u = se.kernel(rows: all, columns: column.alpha).rounded.widened
                inverse = try OrthonormalBasis.rotation(of: u, rank: weights.leastRank).rounded
            }
        }
        blurring = Blurring(taps: taps, kernel: kernel)
        self.weights = PredictedWeights(
            grid: TensorShape(channels: weights.grid.channels, height: 1, width: taps.count),
            columns: [Column(units: column.units, alpha: Array(taps.indices), dictionary: inverse)])
    }
}

extension WeightSpec {
    /// Whether filters have taps: one column, of connections or of a kernel that goes on beyond their window. The
    /// rounding of C grows by the condition number of K_α + λI, at most 1 + ‖K‖/λ, which must not be large.
    package func hasTaps(_ grid: TensorShape) -> Bool {
        guard columns == 1 else { return false }
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

extension WeightSpec {
    /// Whether C is another than w.
    package var solvesTaps: Bool { dictionary == .se && kernel.form != .raw }
}

extension WeightShape {
    /// The shape of C at the taps of these filters; dense where it is w.
    func atTaps(_ spec: WeightSpec) -> WeightShape {
        WeightShape(
            grid: TensorShape(channels: grid.channels, height: 1, width: atoms!), units: units,
            atoms: spec.solvesTaps ? atoms : nil)
    }
}
