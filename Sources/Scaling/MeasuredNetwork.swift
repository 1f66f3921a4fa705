import Layers
import LinearAlgebra

/// A network whose training steps are measured.
public struct MeasuredNetwork: Sendable {
    /// The job that trains it.
    let job: String
    /// Its name in the table.
    let name: String
    /// The bound on a unit's norm that the job has; nil: none.
    let maxNorm: Double?
    /// The layers at a proportion of the weights, but for the softmax layer; 1: nothing is predicted.
    let layers: @Sendable (Double) throws -> [LayerSpec]

    /// Fully connected layers, predicted by se in the first and by randfixu in the others: made without looking at
    /// data; a step costs the same with any other.
    public static func perceptron(
        widths: [Int], columns: Int, activation: Activation, inputs: MeasuredInputs
    ) -> MeasuredNetwork {
        let sizes = [inputs.shape.count] + widths + [inputs.classes]
        let name = sizes.map(String.init).joined(separator: "-")
        return MeasuredNetwork(job: "mlp", name: name, maxNorm: 1.9365) { learned in
            widths.enumerated().flatMap { k, units -> [LayerSpec] in
                let weights = learned == 1
                    ? nil
                    : WeightSpec(
                        dictionary: k == 0 ? .se : .randfixu, kernel: KernelSpec(sigma: 1), proportion: learned,
                        columns: columns)
                return [.fullyConnected(units: units, weights), .activation(activation)]
            }
        }
    }

    /// Layers of a text, predicted by se.
    ///
    /// - Parameter isOpen: whether filters go on beyond their window.
    /// - Throws: `LayerSpecError` for a text that has no layers, or says itself how much of them is learned.
    public static func convolutional(
        _ text: String, isOpen: Bool, inputs: MeasuredInputs
    ) throws(LayerSpecError) -> MeasuredNetwork {
        @Sendable func standard(_ learned: Double) -> WeightSpec {
            WeightSpec(
                dictionary: .se, kernel: KernelSpec(sigma: 1), proportion: learned, columns: 1,
                reach: isOpen ? SquaredExponential.reach(sigma: 1) : nil)
        }
        @Sendable func read(_ learned: Double) throws(LayerSpecError) -> [LayerSpec] {
            try LayerText.layers(text, standard: standard(learned), isDense: learned == 1)
        }
        let all = try read(0.5)
        // A layer that says its own proportion has it at any other.
        for (layer, other) in zip(all, try read(0.25)) {
            guard let weights = layer.weights?.spec, let others = other.weights?.spec else { continue }
            guard weights.proportion == 0.5, others.proportion == 0.25, weights.dictionary == .se else {
                throw LayerSpecError(
                    "\(layer): expected neither learned nor dictionary behind it, found \(weights.proportion) of "
                        + "\(weights.dictionary.name): --learned has the proportions, and se predicts")
            }
        }
        let input = inputs.shape
        let names = ["\(input.channels)x\(input.height)x\(input.width)"] + all.compactMap(\.shortName)
            + ["\(inputs.classes)"] + (isOpen ? ["open"] : [])
        let name = names.joined(separator: "-")
        guard ScalingTable.isName(name, atMost: ScalingTable.longestModel) else {
            throw LayerSpecError(
                "expected layers whose name in the table has at most \(ScalingTable.longestModel) letters, found "
                    + name)
        }
        return MeasuredNetwork(job: "convnet", name: name, maxNorm: nil, layers: read)
    }
}

extension LayerSpec {
    /// A few letters that tell layers apart by what a step of them costs: `c48.8p4`, `m4.2`, `f500j5`; nil for those
    /// that cost next to nothing.
    fileprivate var shortName: String? {
        func predicted(_ weights: WeightSpec?) -> String {
            weights.map { $0.columns > 1 ? "j\($0.columns)" : "" } ?? "d"
        }
        return switch self {
        case .convolution(let maps, let size, let stride, let padding, let weights):
            "c\(maps).\(size)" + (stride > 1 ? "s\(stride)" : "") + (padding > 0 ? "p\(padding)" : "")
                + predicted(weights)
        case .fullyConnected(let units, let weights): "f\(units)\(predicted(weights))"
        case .maxPool(let size, let stride): "m\(size).\(stride)"
        case .activation, .dropout: nil
        }
    }
}
