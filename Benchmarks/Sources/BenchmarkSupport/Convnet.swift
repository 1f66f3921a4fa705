import DataParallel
import Layers
import LinearAlgebra
import Networks

/// The net of Denil et al. 2013, Fig. 5, for images of CIFAR-10's shape, without dropout.
public enum Convnet {
    public static let input = TensorShape(channels: 3, height: 32, width: 32)

    /// The settings of a measurement. The learning rate is so small that random labels teach nothing.
    ///
    /// - Parameter weights: how layers are predicted; nil: nothing is.
    /// - Throws: `LayerSpecError` where a layer's `weights` cannot be.
    public static func settings(_ weights: WeightSpec?, batch: Int, epochs: Int = 1) throws -> NetworkSettings {
        let text = """
            conv 48 8 pad 4; pool 4 stride 2; relu; conv 64 8 pad 3; pool 4 stride 2; relu; conv 64 5 pad 3; pool 2;
            relu; full 500 columns 5; relu
            """
        let standard = weights ?? WeightSpec(dictionary: .se, proportion: 1, columns: 1)
        return NetworkSettings(
            dataset: "random", seed: 1,
            network: NetworkSpec(
                input: input, layers: try LayerText.layers(text, standard: standard, isDense: weights == nil),
                classes: 10),
            batch: batch, epochs: epochs, learningRate: 0.001, schedule: .paper,
            descent: SGD.Options(momentum: 0.7, weightDecay: 5e-5, maxNorm: nil))
    }

    /// SE with a σ of 1 and one column.
    ///
    /// - Parameter isOpen: whether the kernel goes on beyond a filter's window.
    public static func weights(_ proportion: Double, isOpen: Bool) -> WeightSpec {
        WeightSpec(
            dictionary: .se, kernel: KernelSpec(sigma: 1), proportion: proportion, columns: 1,
            reach: isOpen ? SquaredExponential.reach(sigma: 1) : nil)
    }
}
