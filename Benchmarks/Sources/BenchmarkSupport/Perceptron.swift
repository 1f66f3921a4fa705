import Datasets
import Layers
import LinearAlgebra
import Networks

/// The net 784–500–500–10 as a step of the job `mlp` has it, with its images.
public struct Perceptron {
    public let settings: NetworkSettings
    public let model: NetworkModel
    /// The path of every layer with weights.
    public let paths: [ComputePath]
    public let samples: MatrixSamples

    /// - Parameters:
    ///   - images: with their 1, not pooled.
    ///   - samples: the samples of this rank per step.
    ///   - path: the compute path of the hidden layers; nil: for each the one with the lowest estimate of a step, to
    ///     which the job adds what pooling all images once costs it.
    public init(settings: NetworkSettings, images: MatrixSamples, samples: Int, path: ComputePath? = nil) throws {
        self.settings = settings
        model = try NetworkModel(settings)
        paths = model.layers.enumerated().map { k, layer in
            let costs = layer.weights.shape.stepCosts(
                samples: samples, isFirst: k == 0, pooling: k == 0 ? 0 : nil)
            return (costs.first { $0.path == path } ?? costs[0]).path
        }
        if paths[0] == .reduced {
            let pooling = model.layers[0].weights.pooling
            let pooled = Matrix<Float>(rows: images.rows.rows, columns: pooling.columns)
            multiply(images.rows, pooling, into: pooled)
            self.samples = MatrixSamples(rows: pooled, labels: images.labels)
        } else {
            self.samples = images
        }
    }
}
