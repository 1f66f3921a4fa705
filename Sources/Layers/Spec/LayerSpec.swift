import LinearAlgebra

/// One layer of a network, as it is asked for.
public enum LayerSpec: Codable, Hashable, Sendable {
    /// Units that see all inputs; without a `WeightSpec` nothing is predicted.
    case fullyConnected(units: Int, WeightSpec?)
    /// A function of every value.
    case activation(Activation)
    /// A part of the values that is left out in a step.
    case dropout(rate: Double)

    /// The shape of the layer's outputs.
    ///
    /// - Parameter input: the shape of its inputs.
    public func output(of input: TensorShape) -> TensorShape {
        switch self {
        case .fullyConnected(let units, _): TensorShape(units: units)
        case .activation, .dropout: input
        }
    }

    /// Whether the layer changes its inputs in place, and so holds none of its own.
    var isInPlace: Bool {
        switch self {
        case .fullyConnected: false
        case .activation, .dropout: true
        }
    }

    /// The units and the prediction of the layer's weights; nil for a layer without weights.
    public var weights: (units: Int, spec: WeightSpec?)? {
        switch self {
        case .fullyConnected(let units, let spec): (units, spec)
        case .activation, .dropout: nil
        }
    }

    /// What a layer with weights is called in files and messages, before its number.
    var name: String {
        switch self {
        case .fullyConnected: "hidden"
        case .activation, .dropout: ""
        }
    }
}
