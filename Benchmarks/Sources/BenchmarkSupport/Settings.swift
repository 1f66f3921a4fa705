import DataParallel
import Layers
import LinearAlgebra
import Networks
import RICA

extension RICASettings {
    /// The settings of a measurement: σ 1, ridge 0.1, variance norm, λ 0.05 and C 100, as the job has them by
    /// default.
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

extension NetworkSettings {
    /// The settings of a measurement on 784–500–500–10: SE in layer 1 and RandFixU in layer 2, which need no
    /// data; momentum, decay and norm as the job has them by default. The learning rate is so small that random labels
    /// teach nothing.
    ///
    /// - Parameters:
    ///   - learned: nil: a dense net.
    ///   - form: nil: with the ridge that each dictionary is used with.
    public init(
        learned: Double?, columns: Int = 10, form: KernelForm? = nil, activation: Activation = .sigmoid, batch: Int,
        epochs: Int = 1
    ) {
        let layers = [DictionaryKind.se, .randfixu].flatMap { dictionary -> [LayerSpec] in
            let weights = learned.map {
                WeightSpec(
                    dictionary: dictionary, kernel: KernelSpec(sigma: 1, form: form), proportion: $0, columns: columns)
            }
            return [.fullyConnected(units: 500, weights), .activation(activation)]
        }
        self.init(
            dataset: "random", seed: 1,
            network: NetworkSpec(input: TensorShape(channels: 1, height: 28, width: 28), layers: layers, classes: 10),
            batch: batch, epochs: epochs, learningRate: 0.001, schedule: .paper,
            descent: SGD.Options(momentum: 0.7, weightDecay: 5e-5, maxNorm: 1.9365))
    }
}
