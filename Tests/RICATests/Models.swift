import Datasets
import Layers
import LinearAlgebra
import RICA
import TestSupport

/// Settings of a small layer; nil learns everything.
func smallSettings(learned: Double? = 0.4, columns: Int = 2) -> RICASettings {
    RICASettings(
        dataset: "stl10", seed: 3, learned: learned, columns: columns, alpha: .distinct, sigma: 1, ridge: 0.1, patch: 4,
        patches: 50, features: 6, lambda: 0.05, norm: .variance, iterations: 0, encoder: .abs, cost: 100)
}

/// A model of random features, its whitening fitted on correlated patches.
func smallModel(
    _ settings: RICASettings, channels: Int, encoder: Encoder = .abs
) throws -> (model: RICAModel, covariance: Matrix<Double>) {
    let weights = try settings.makeWeights(channels: channels)
    let patches = normalMatrix(rows: 300, columns: weights.grid.count, stream: 60)
    for r in 0..<300 {
        for c in 1..<weights.grid.count { patches[r, c] = 0.3 * patches[r, c] + 0.9 * patches[r, c - 1] }
    }
    var moments = Moments(size: weights.grid.count)
    moments.add(patches)
    let whitening = try Whitening(mean: moments.mean, covariance: moments.covariance)
    let values = normalMatrix(rows: weights.units, columns: weights.valuesPerUnit, stream: 61, factor: 0.3)
    let model = RICAModel(
        weights: weights, values: values, whitening: whitening, covariance: moments.covariance, encoder: encoder)
    return (model, moments.covariance)
}
