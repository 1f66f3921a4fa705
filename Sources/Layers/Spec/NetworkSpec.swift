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

    /// A layer with weights, where it stands in the network.
    public struct Weighted: Hashable, Sendable {
        /// hidden1, hidden2 … softmax.
        public let name: String
        /// The layer's place among those of the `Network`, in which a dropout behind an activation is one with it.
        public let place: Int
        /// The shape of its inputs.
        public let grid: TensorShape
        public let units: Int
        /// Nil: nothing is predicted.
        public let weights: WeightSpec?
    }

    /// The layers with weights in their order, the softmax layer last.
    public var weighted: [Weighted] {
        var shape = input, place = 0, all: [Weighted] = [], numbers: [String: Int] = [:]
        for (number, layer) in layers.enumerated() {
            if let (units, spec) = layer.weights {
                numbers[layer.name, default: 0] += 1
                let name = "\(layer.name)\(numbers[layer.name]!)"
                all.append(Weighted(name: name, place: place, grid: shape, units: units, weights: spec))
            }
            shape = layer.output(of: shape)
            if !isFused(number) { place += 1 }
        }
        return all + [Weighted(name: "softmax", place: place, grid: shape, units: classes, weights: nil)]
    }

    /// The shapes of what the layers that do not work in place read and write, the softmax layer last, and the number
    /// of each among those with weights.
    public var outOfPlace: [(input: TensorShape, output: TensorShape, weighted: Int?)] {
        var shape = input, weighted = 0, all: [(input: TensorShape, output: TensorShape, weighted: Int?)] = []
        for layer in layers {
            let output = layer.output(of: shape)
            if !layer.isInPlace { all.append((shape, output, layer.weights == nil ? nil : weighted)) }
            if layer.weights != nil { weighted += 1 }
            shape = output
        }
        return all + [(shape, TensorShape(units: classes), weighted)]
    }

    /// Whether a layer is a dropout behind an activation, with which it is one in a `Network`.
    public func isFused(_ number: Int) -> Bool {
        guard case .dropout = layers[number], number > 0, case .activation = layers[number - 1] else { return false }
        return true
    }
}
