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
        var weighted = 0, drops = 0
        func layer(_ place: NetworkSpec.Place) -> any Layers.Layer {
            func dropout(_ rate: Double) -> DropoutLayer {
                drops += 1
                return DropoutLayer(rate: Float(rate), outputs: place.outputs, number: drops - 1, seed: seed)
            }
            switch place.kind {
            case .reorder: return ReorderLayer(place.input, from: place.inputOrder)
            case .layer(.activation(let activation), let rate):
                return ActivationLayer(activation, outputs: place.outputs, dropout: rate.map(dropout))
            case .layer(.dropout(let rate), _): return dropout(rate)
            case .layer(let spec, _):
                if let plain = spec.plainLayer(of: place.input, capacity: capacity) { return plain }
                let layer = layers[weighted], number = weighted
                weighted += 1
                let ofValues = layer.shape.parameter.map(gradient.matrix), full = expanded?.matrix(number)
                let ofDictionary = layer.shape.dictionaryParameter.map(gradient.matrix)
                let parameters = [layer.shape.parameter, layer.shape.dictionaryParameter].compactMap(\.self)
                guard let convolution = layer.shape.spec.convolution else {
                    return FullyConnected(
                        weights: layer.weights, values: layer.values, gradient: ofValues, capacity: capacity,
                        path: paths[number], fullGradient: full, dictionaryGradient: ofDictionary,
                        parameters: parameters)
                }
                return ConvolutionLayer(
                    convolution, weights: layer.weights, filters: paths[number] == .pooled ? layer.pooledFilters : nil,
                    reach: layer.shape.prediction?.reach ?? 0, capacity: capacity, values: layer.values,
                    gradient: ofValues,
                    readsPlanes: place.inputOrder == .planes, isFirst: place.isFirst, fullGradient: full,
                    dictionaryGradient: ofDictionary, parameters: parameters)
            }
        }
        return Network(spec.places.map(layer), capacity: capacity, projects: expanded == nil, timer: timer)
    }
}
