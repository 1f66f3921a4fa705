import LinearAlgebra

/// One layer of a network, as it is asked for.
public enum LayerSpec: Codable, Hashable, Sendable {
    /// Units that see all inputs; without a `WeightSpec` nothing is predicted.
    case fullyConnected(units: Int, WeightSpec?)
    /// Maps of filters of size × size pixels at every `stride`-th pixel, with `padding` rows and columns of zeros
    /// around the input; without a `WeightSpec` nothing is predicted.
    case convolution(maps: Int, size: Int, stride: Int, padding: Int, WeightSpec?)
    /// The largest values of windows of size × size pixels, at every `stride`-th pixel.
    case maxPool(size: Int, stride: Int)
    /// A function of every value.
    case activation(Activation)
    /// A part of the values that is left out in a step.
    case dropout(rate: Double)

    /// The shape of the layer's outputs.
    ///
    /// - Parameter input: the shape of its inputs, which `check` has not refused.
    public func output(of input: TensorShape) -> TensorShape {
        switch self {
        case .fullyConnected(let units, _): TensorShape(units: units)
        case .convolution: convolution(of: input)!.output
        case .maxPool(let size, let stride): MaxPool(input: input, size: size, stride: stride).output
        case .activation, .dropout: input
        }
    }

    /// Refuses windows that do not fit into an input, filters predicted by an autoencoder, which is fully connected,
    /// dictionaries that channels cannot share, or not share, as is asked for, and open windows of such channels or
    /// without a kernel that goes on there.
    ///
    /// - Throws: `LayerSpecError`.
    func check(_ input: TensorShape) throws(LayerSpecError) {
        let side = min(input.height, input.width)
        let fits =
            switch self {
            case .convolution(let maps, let size, let stride, let padding, _):
                maps > 0 && stride > 0 && 0..<max(0, size) ~= padding && size <= side + 2 * padding
            case .maxPool(let size, let stride): size > 0 && stride > 0 && size <= side
            case .fullyConnected, .activation, .dropout: true
            }
        guard fits else {
            var expected = "windows that fit into its input"
            if case .convolution = self {
                expected = "filters that fit into its padded input, and padding below their size"
            }
            throw LayerSpecError("\(self): expected \(expected), found an input of \(input)")
        }
        if case .convolution(_, _, _, _, let weights?) = self, case .autoencoder? = weights.dictionary.need {
            throw LayerSpecError(
                "\(self): expected a dictionary other than \(weights.dictionary.name), whose autoencoder is fully "
                    + "connected")
        }
        guard let weights = self.weights?.spec else { return }
        let traits = weights.dictionary.traits
        switch weights.channels ?? .tied {
        case .tied: break
        case .untied where traits.contains(.leading):
            throw LayerSpecError(
                "\(self): expected a dictionary that α are sampled of for untied channels, found "
                    + weights.dictionary.name)
        case .across where traits.contains(.topology):
            throw LayerSpecError(
                "\(self): expected a dictionary that needs no grid for one across channels, found "
                    + weights.dictionary.name)
        case .untied, .across:
            guard weights.reach == nil else {
                throw LayerSpecError(
                    "\(self): expected tied channels with an open window, which all channels' taps share, found "
                        + weights.channels!.rawValue)
            }
        }
        guard let reach = weights.reach else { return }
        guard weights.dictionary == .se, weights.kernel.sigma != nil,
            0...Self.mostReach ~= reach, case .convolution = self
        else {
            throw LayerSpecError(
                "\(self): expected the dictionary se and a sigma of at most \(Self.mostReach / 6) pixels with an open "
                    + "window, found \(weights.dictionary.name) and "
                    + "\(weights.kernel.sigma.map { "\($0)" } ?? "auto")")
        }
    }

    /// The shapes of a convolution, with what its filters have beyond an open window; nil: it is none.
    public func convolution(of input: TensorShape) -> ConvolutionShape? {
        guard case .convolution(let maps, let size, let stride, let padding, let weights) = self else { return nil }
        let reach = weights?.reach ?? 0
        return ConvolutionShape(
            input: input, maps: maps, size: size + 2 * reach, stride: stride, padding: padding + reach)
    }

    /// A layer that neither has weights nor works in place; nil: it is another.
    ///
    /// - Parameter capacity: the most samples of one batch.
    package func plainLayer(of input: TensorShape, capacity: Int) -> (any Layer)? {
        switch self {
        case .maxPool(let size, let stride):
            MaxPoolLayer(MaxPool(input: input, size: size, stride: stride), capacity: capacity)
        case .fullyConnected, .convolution, .activation, .dropout: nil
        }
    }

    /// The floats that a layer without weights holds for a sample beside its outputs.
    package func heldFloats(of input: TensorShape) -> Int {
        switch self {
        case .maxPool(let size, let stride):
            MaxPoolLayer.floats(of: MaxPool(input: input, size: size, stride: stride), capacity: 1)
        case .fullyConnected, .convolution, .activation, .dropout: 0
        }
    }

    /// The most pixels that a filter goes on beyond its window.
    public static let mostReach = 96

    /// Whether the layer changes its inputs in place, and so holds none of its own.
    var isInPlace: Bool {
        switch self {
        case .fullyConnected, .convolution, .maxPool: false
        case .activation, .dropout: true
        }
    }

    /// The order of the values that it reads and writes; nil: any.
    var order: ValueOrder? {
        switch self {
        case .fullyConnected: .planes
        case .convolution, .maxPool: .pixels
        case .activation, .dropout: nil
        }
    }

    /// The units and the prediction of the layer's weights; nil for a layer without weights.
    public var weights: (units: Int, spec: WeightSpec?)? {
        switch self {
        case .fullyConnected(let units, let spec): (units, spec)
        case .convolution(let maps, _, _, _, let spec): (maps, spec)
        case .maxPool, .activation, .dropout: nil
        }
    }

    /// What a layer with weights is called in files and messages, before its number.
    var name: String {
        switch self {
        case .fullyConnected: "hidden"
        case .convolution: "conv"
        case .maxPool, .activation, .dropout: ""
        }
    }
}

extension LayerSpec: CustomStringConvertible {
    /// The layer in a few words, for messages.
    public var description: String {
        switch self {
        case .fullyConnected(let units, _): "a fully connected layer of \(units)"
        case .convolution(let maps, let size, let stride, let padding, _):
            "a convolution of \(maps) maps with filters of \(size)×\(size), stride \(stride), padding \(padding)"
        case .maxPool(let size, let stride): "a pool of \(size)×\(size), stride \(stride)"
        case .activation(let activation): "\(activation)"
        case .dropout(let rate): "dropout of \(rate)"
        }
    }
}

/// A layer that cannot be made, or does not fit what comes before it: one line.
public struct LayerSpecError: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
