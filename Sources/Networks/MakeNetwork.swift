import Layers
import LinearAlgebra

extension NetworkModel {
    /// Makes a network on the model's values and dictionaries as they are now.
    ///
    /// - Parameters:
    ///   - gradient: where the network leaves its gradient, of the shape of `values`.
    ///   - expanded: where it leaves the gradient of W, not yet projected, of the shapes of `ModelShape.expanded`; nil:
    ///     it projects it.
    ///   - paths: the compute path of every layer with weights.
    ///   - capacity: the most samples of one batch.
    ///   - timer: measures the projection of gradients.
    public func network(
        gradient: LearnedValues, expanded: LearnedValues? = nil, paths: [ComputePath], capacity: Int, timer: StepTimer
    ) -> Network {
        var made: [any Layers.Layer] = [], shape = spec.input, weighted = 0, drops = 0
        func fullyConnected() -> FullyConnected {
            let layer = layers[weighted], number = weighted
            weighted += 1
            return FullyConnected(
                weights: layer.weights, values: layer.values, gradient: layer.shape.parameter.map(gradient.matrix),
                capacity: capacity, path: paths[number], fullGradient: expanded?.matrix(number),
                dictionaryGradient: layer.shape.dictionaryParameter.map(gradient.matrix),
                parameters: [layer.shape.parameter, layer.shape.dictionaryParameter].compactMap(\.self))
        }
        func dropout(_ rate: Double) -> DropoutLayer {
            drops += 1
            return DropoutLayer(rate: Float(rate), shape: shape, number: drops - 1, seed: seed)
        }
        for (number, layer) in spec.layers.enumerated() where !spec.isFused(number) {
            switch layer {
            case .fullyConnected: made.append(fullyConnected())
            case .activation(let activation):
                var behind: DropoutLayer?
                if number + 1 < spec.layers.count, case .dropout(let rate) = spec.layers[number + 1] {
                    behind = dropout(rate)
                }
                made.append(ActivationLayer(activation, shape: shape, dropout: behind))
            case .dropout(let rate): made.append(dropout(rate))
            }
            shape = layer.output(of: shape)
        }
        made.append(fullyConnected())
        return Network(made, capacity: capacity, projects: expanded == nil, timer: timer)
    }
}
