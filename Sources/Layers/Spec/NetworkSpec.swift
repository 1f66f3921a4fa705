import LinearAlgebra

/// A network as it is asked for: its layers, then a dense softmax layer of the classes.
public struct NetworkSpec: Codable, Hashable, Sendable {
    /// The shape of a sample.
    public var input: TensorShape
    public var layers: [LayerSpec]
    public var classes: Int

    public init(input: TensorShape, layers: [LayerSpec], classes: Int) {
        self.input = input
        self.layers = layers
        self.classes = classes
    }

    /// Refuses a layer that cannot be made, or does not fit what comes before it; all else here expects that there is
    /// none.
    ///
    /// - Throws: `LayerSpecError`.
    public func check() throws(LayerSpecError) {
        if let first = layers.first, first.isInPlace {
            throw LayerSpecError("\(first): expected a layer with outputs of its own as the first")
        }
        // Whether values are between 0 and 1, as those of samples are.
        var shape = input, isUnit = true
        for layer in layers {
            try layer.check(shape)
            if case .autoencoder? = layer.weights?.spec?.dictionary.need, !isUnit {
                throw LayerSpecError(
                    "\(layer): expected sigmoid units before the dictionary ae, or images alone, as its autoencoder "
                        + "has sigmoid outputs, found others")
            }
            if layer.weights != nil { isUnit = false }
            if case .activation(.sigmoid) = layer { isUnit = true }
            let output = layer.output(of: shape)
            let grid = layer.convolution(of: shape)?.filter ?? shape, weights = (layer.weights?.units ?? 0) * grid.count
            let frame = layer.convolution(of: shape)?.frame.sampleFloats ?? 0
            guard max(output.sampleFloats, frame) <= Self.mostOutputs, weights <= Self.mostWeights else {
                throw LayerSpecError(
                    "\(layer): expected at most \(Self.mostOutputs) padded inputs and outputs, and "
                        + "\(Self.mostWeights) weights, found an input of \(shape), which makes more")
            }
            shape = output
        }
    }

    /// Whether it has convolutions or pools.
    public var hasMaps: Bool { layers.contains { $0.order == .pixels } }

    /// The most outputs, or inputs with their padding, with what pads the channels of a pixel, and weights of a layer:
    /// so that sizes of networks can be counted.
    private static let mostOutputs = 1 << 31, mostWeights = 1 << 40

    /// A layer of the `Network` that is asked for.
    public struct Place: Sendable {
        public enum Kind: Sendable {
            /// A layer of the spec, or the softmax layer; an activation with the rate of the dropout behind it.
            case layer(LayerSpec, dropout: Double?)
            /// Values are put into the order that the next layer reads.
            case reorder
        }
        public fileprivate(set) var kind: Kind
        public let input: TensorShape
        public let output: TensorShape
        /// The order of the values that it reads.
        public let inputOrder: ValueOrder
        /// The order of those that it writes.
        public let outputOrder: ValueOrder
        /// Whether no layer with weights stands before it: nobody asks for the gradient of its inputs.
        public let isFirst: Bool

        /// Whether it changes its inputs in place.
        public var isInPlace: Bool { if case .layer(let layer, _) = kind { layer.isInPlace } else { false } }
        /// Whether it has weights.
        public var isWeighted: Bool { if case .layer(let layer, _) = kind { layer.weights != nil } else { false } }
        /// The floats of a sample's outputs.
        public var outputs: Int { outputOrder.floats(of: output) }
        /// The floats of their gradient, where somebody asks for it.
        public var outputGradient: Int { isFirst && !isWeighted ? 0 : outputs }
    }

    /// The layers of the `Network`, the softmax layer last.
    ///
    /// A convolution that comes first reads samples as they are; before and behind others values are put into another
    /// order.
    public var places: [Place] {
        var all: [Place] = [], shape = input, order = ValueOrder.planes, isFirst = true
        for layer in layers + [.fullyConnected(units: classes, nil)] {
            if case .dropout(let rate) = layer, case .layer(.activation(let activation), nil) = all.last?.kind {
                all[all.count - 1].kind = .layer(.activation(activation), dropout: rate)
                continue
            }
            let output = layer.output(of: shape), wanted = layer.order ?? order
            let readsSamples = all.isEmpty && layer.convolution(of: shape) != nil
            if wanted != order, !readsSamples {
                all.append(
                    Place(
                        kind: .reorder, input: shape, output: shape, inputOrder: order, outputOrder: wanted,
                        isFirst: isFirst))
            }
            all.append(
                Place(
                    kind: .layer(layer, dropout: nil), input: shape, output: output,
                    inputOrder: readsSamples ? .planes : wanted, outputOrder: wanted, isFirst: isFirst))
            (shape, order, isFirst) = (output, wanted, isFirst && layer.weights == nil)
        }
        return all
    }

    /// A layer with weights, where it stands in the network.
    public struct Weighted: Hashable, Sendable {
        /// conv1, conv2, hidden1 … softmax.
        public let name: String
        /// The layer's place among those of the `Network`; the first reads samples as they come.
        public let place: Int
        /// Whether no layer with weights stands before it.
        public let isFirst: Bool
        /// What a unit has weights for: the layer's inputs, or those of a convolution's filter.
        public let grid: TensorShape
        public let units: Int
        /// Nil: nothing is predicted.
        public let weights: WeightSpec?
        /// The weights of a unit that are asked for, without what a filter has beyond an open window.
        public var window: TensorShape { weights?.window(of: grid) ?? grid }
        /// The shapes of a convolution; nil: the layer is fully connected.
        public let convolution: ConvolutionShape?
    }

    /// The layers with weights in their order, the softmax layer last.
    public var weighted: [Weighted] {
        var all: [Weighted] = [], numbers: [String: Int] = [:]
        let places = places
        for (number, place) in places.enumerated() {
            guard case .layer(let layer, _) = place.kind, let (units, spec) = layer.weights else { continue }
            numbers[layer.name, default: 0] += 1
            let name = number == places.count - 1 ? "softmax" : "\(layer.name)\(numbers[layer.name]!)"
            let convolution = layer.convolution(of: place.input)
            all.append(
                Weighted(
                    name: name, place: number, isFirst: place.isFirst, grid: convolution?.filter ?? place.input,
                    units: units, weights: spec, convolution: convolution))
        }
        return all
    }
}
