import LinearAlgebra

/// The layers of a network as text: layers between semicolons, words between blanks or commas.
///
/// - `conv MAPS SIZE [stride N] [pad N] [PREDICTION]`: maps of filters of SIZE × SIZE pixels.
/// - `full UNITS [PREDICTION]`: a fully connected layer.
/// - `pool SIZE [stride N]`: the largest values of windows; without a stride, of windows side by side.
/// - `relu`, `tanh`, `sigmoid`; `dropout RATE`.
///
/// PREDICTION is `dense`, or some of `dictionary NAME`, `learned PROPORTION`, `columns J` and
/// `channels tied|untied|across`; what is not given is that of the default.
public enum LayerText {
    /// The most layers, and the most maps, units and pixels of a filter's row: with the bounds of `NetworkSpec.check`,
    /// sizes can be counted.
    private static let mostLayers = 200, mostUnits = 100_000, mostPixels = 1000

    /// The net of Denil et al. 2013, Fig. 5, but for its softmax layer.
    public static let figure5 =
        "conv 48 8 pad 4; pool 4 stride 2; relu; conv 64 8 pad 3; pool 4 stride 2; relu; conv 64 5 pad 3; pool 2; "
        + "relu; full 500 columns 5; relu; dropout 0.5"

    /// Reads the layers of a text.
    ///
    /// - Parameters:
    ///   - standard: what a layer with weights is predicted by, but for what it says of it.
    ///   - isDense: no layer is predicted, whatever it says.
    /// - Throws: `LayerSpecError`, which names the layer.
    public static func layers(
        _ text: String, standard: WeightSpec, isDense: Bool = false
    ) throws(LayerSpecError) -> [LayerSpec] {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        guard parts.count <= mostLayers else {
            throw LayerSpecError("expected at most \(mostLayers) layers, found \(parts.count)")
        }
        var layers: [LayerSpec] = []
        for part in parts {
            var words = Words(part, standard: standard, isDense: isDense)
            layers.append(try words.layer())
        }
        return layers
    }

    /// The same text with single blanks between words, and semicolons behind layers.
    public static func normalised(_ text: String) -> String {
        text.split(separator: ";", omittingEmptySubsequences: false).map { words($0).joined(separator: " ") }
            .joined(separator: "; ")
    }

    private static func words(_ layer: Substring) -> [Substring] { layer.split { $0.isWhitespace || $0 == "," } }

    /// The words of a layer that are still to be read.
    private struct Words {
        private let text: String
        private var rest: ArraySlice<Substring>
        private let standard: WeightSpec
        private let isDense: Bool

        init(_ layer: Substring, standard: WeightSpec, isDense: Bool) {
            let words = words(layer)
            text = words.joined(separator: " ")
            rest = words[...]
            self.standard = standard
            self.isDense = isDense
        }

        mutating func layer() throws(LayerSpecError) -> LayerSpec {
            let layer: LayerSpec
            switch rest.popFirst() {
            case "conv":
                let maps = try number("maps", 1...mostUnits), size = try number("a filter's rows", 1...mostPixels)
                let (numbers, weights) = try options(
                    ["stride": 1...mostPixels, "pad": 0...mostPixels], hasWeights: true)
                layer = .convolution(
                    maps: maps, size: size, stride: numbers["stride"] ?? 1, padding: numbers["pad"] ?? 0,
                    weights)
                try checkColumns(weights, units: maps)
            case "full":
                let units = try number("units", 1...mostUnits)
                var (_, weights) = try options([:], hasWeights: true)
                weights?.reach = nil
                layer = .fullyConnected(units: units, weights)
                try checkColumns(weights, units: units)
            case "pool":
                let size = try number("a window's rows", 1...mostPixels)
                let (numbers, _) = try options(["stride": 1...mostPixels], hasWeights: false)
                layer = .maxPool(size: size, stride: numbers["stride"] ?? size)
            case "dropout":
                guard let rate = rest.popFirst().flatMap({ Double($0) }), rate >= 0, rate <= 0.999999 else {
                    throw error("a rate from 0 to 0.999999 behind dropout")
                }
                layer = .dropout(rate: rate)
            case let name?:
                guard let activation = Activation(rawValue: String(name)) else {
                    throw error("conv, full, pool, relu, tanh, sigmoid or dropout")
                }
                layer = .activation(activation)
            case nil: throw error("a layer between two semicolons")
            }
            if let word = rest.first { throw error("nothing behind it, or a word that it has, not '\(word)'") }
            return layer
        }

        /// Reads words with their values until one is none of these.
        private mutating func options(
            _ known: [String: ClosedRange<Int>], hasWeights: Bool
        ) throws(LayerSpecError) -> ([String: Int], WeightSpec?) {
            var numbers: [String: Int] = [:], weights: WeightSpec? = standard, seen: Set<Substring> = []
            while let word = rest.first {
                guard seen.insert(word).inserted else { throw error("'\(word)' once") }
                if let range = known[String(word)] {
                    rest.removeFirst()
                    numbers[String(word)] = try number(String(word), range)
                } else if !hasWeights {
                    break
                } else if word == "dense" {
                    rest.removeFirst()
                    weights = nil
                } else if word == "dictionary" {
                    rest.removeFirst()
                    guard let kind = rest.popFirst().flatMap({ DictionaryKind(named: $0) }) else {
                        throw error("one of \(DictionaryKind.all.map(\.name).joined(separator: ", ")) as dictionary")
                    }
                    weights?.dictionary = kind
                } else if word == "learned" {
                    rest.removeFirst()
                    guard let value = rest.popFirst().flatMap({ WeightSpec.proportion($0) }) else {
                        throw error("a proportion above 0 and at most 1 as learned")
                    }
                    weights?.proportion = value
                } else if word == "channels" {
                    rest.removeFirst()
                    guard let value = rest.popFirst().flatMap({ AlphaChannels(rawValue: String($0)) }) else {
                        throw error("tied, untied or across as channels")
                    }
                    weights?.channels = value == .tied ? nil : value
                } else if word == "columns" {
                    rest.removeFirst()
                    weights?.columns = try number("columns", 1...mostUnits)
                } else {
                    break
                }
            }
            if seen.contains("dense"), !seen.isDisjoint(with: ["dictionary", "learned", "columns", "channels"]) {
                throw error("dense, or how it is predicted, not both")
            }
            return (numbers, hasWeights && !isDense ? weights : nil)
        }

        private func checkColumns(_ weights: WeightSpec?, units: Int) throws(LayerSpecError) {
            if let weights, weights.columns > units { throw error("at most one column a unit, \(units)") }
        }

        private mutating func number(_ what: String, _ range: ClosedRange<Int>) throws(LayerSpecError) -> Int {
            guard let value = rest.popFirst().flatMap({ Int($0) }), range.contains(value) else {
                throw error("\(what) from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }

        private func error(_ expected: String) -> LayerSpecError {
            LayerSpecError("'\(text)': expected \(expected)")
        }
    }
}
