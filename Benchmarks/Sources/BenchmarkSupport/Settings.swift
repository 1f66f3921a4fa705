import DataParallel
import Layers
import Networks
import RICA

extension RICASettings {
    /// The settings of a measurement: σ 1, ridge .1, variance norm, λ .05 and C 100, as the job has them by default.
    public init(
        dataset: String, seed: UInt64 = 1, learned: Double?, columns: Int = 1, patch: Int, patches: Int, features: Int,
        iterations: Int = 0, encoder: Encoder = .abs
    ) {
        self.init(
            dataset: dataset, seed: seed, learned: learned, columns: columns, alpha: .distinct, sigma: 1, ridge: 0.1,
            patch: patch, patches: patches, features: features, lambda: 0.05, norm: .variance, iterations: iterations,
            encoder: encoder, cost: 100)
    }
}

extension MLPSettings {
    /// The settings of a measurement: SE in layer 1 and RandFixU in layer 2, which need no data; momentum, decay and norm as the job has
    /// them by default. The learning rate is so small that random labels teach nothing.
    ///
    /// - Parameter learned: nil: a dense net.
    public init(learned: Double?, columns: Int = 10, activation: Activation = .sigmoid, batch: Int, epochs: Int = 1) {
        self.init(
            dataset: "random", seed: 1, widths: [500, 500], activation: activation, learned: learned, columns: columns, alpha: .distinct,
            dictionaries: [.se, .randfixu], sigma: 1, ridge: nil, raw: false, batch: batch, pretrainEpochs: 0, epochs: epochs,
            learningRate: 0.001, schedule: .paper, descent: SGD.Options(momentum: 0.7, weightDecay: 5e-5, maxNorm: 1.9365), dropout: 0)
    }
}
