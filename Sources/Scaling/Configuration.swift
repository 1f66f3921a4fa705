import DataParallel
import Foundation

/// What is computed and how values travel; not on how many ranks, nor over which network.
public struct Configuration: Hashable, Sendable {
    /// `mlp`, `convnet`, `rica`.
    public let job: String
    /// Its sizes: `784-500-500-10`, `3x32x32-c48.8p4-m4.2-f500-10`, `rica-3x10x10-400`.
    public let model: String
    /// The proportion of weights learned, 1 for a dense net.
    public let learned: Double
    /// J, 1 for a dense net.
    public let columns: Int
    /// How the values of a step travel.
    public let exchange: ExchangeMethod
    /// The shapes of what is learned; none where the table does not say. They follow from the rest: two rows of one
    /// configuration, the older of which does not say them, are of one.
    public let layers: [LayerShape]

    public init(
        job: String, model: String, learned: Double, columns: Int, exchange: ExchangeMethod, layers: [LayerShape] = []
    ) {
        self.job = job
        self.model = model
        self.learned = learned
        self.columns = columns
        self.exchange = exchange
        self.layers = layers
    }

    public static func == (left: Self, right: Self) -> Bool {
        (left.job, left.model, left.learned, left.columns, left.exchange)
            == (right.job, right.model, right.learned, right.columns, right.exchange)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(job)
        hasher.combine(model)
        hasher.combine(learned)
        hasher.combine(columns)
        hasher.combine(exchange)
    }

    /// `dense, full`; `learned 0.1, owned`; with the columns where `others` of the same proportion have different ones.
    public func label(among others: some Sequence<Configuration>) -> String {
        let isOne = others.allSatisfy { $0.model != model || $0.learned != learned || $0.columns == columns }
        return (learned == 1 ? "dense" : "learned " + String(format: "%.3g", learned))
            + (isOne ? "" : ", \(columns) column\(columns == 1 ? "" : "s")") + ", \(exchange.label)"
    }

    /// What stands for an exchange of full weights beside this: the same net with `full`; for rica, which always
    /// exchanges learned values, the dense layer. Nil where there is none, or this is it.
    public func baseline(among others: some Sequence<Configuration>) -> Configuration? {
        func isOne(_ other: Configuration) -> Bool {
            guard other != self, (job, model) == (other.job, other.model) else { return false }
            return job == "rica"
                ? other.learned == 1 : other.exchange.isFull && (learned, columns) == (other.learned, other.columns)
        }
        return exchange.isFull ? nil : others.first(where: isOne)
    }

    /// What the busiest rank sends in a step at any rank count, in bytes.
    ///
    /// k·(N − n) + (P−1)·n of N values, where the rank that sends most has n of them and k parts of the sum, one
    /// but in a reproducible reduction: 2(P−1)/P of the payload where shares are equal. With `owned` n is
    /// ⌈units/P⌉ units of every layer, which does not fall further where ranks are more than units. Where the table
    /// does not say the shapes of the layers, they are those of a perceptron's name, `784-500-500-10`, with the
    /// proportion that its payload has; without such a name shares count as equal. In a reproducible reduction P is at
    /// most `ShardTree.shards`.
    public func wireBytes(payload: Double, ranks: Int) -> Double {
        guard ranks > 1 else { return 0 }
        let shapes = exchange.ownsUnits ? shapes(payload: payload) : nil
        let most =
            shapes?.reduce(0) { $0 + Double(($1.units + ranks - 1) / ranks) * $1.bytesPerUnit } ?? payload
            / Double(ranks)
        return Double(exchange.parts(ranks: ranks)) * (payload - most) + Double(ranks - 1) * most
    }

    /// The most values of an input, of three sizes of 10,000, and more than there are units in a layer.
    static let mostUnits = 1_000_000_000_000

    /// The widths of a perceptron; nil where the model's name is not made of those.
    private var widths: [Int]? {
        let widths = model.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        let arePossible = job == "mlp" && widths.count > 1 && widths.allSatisfy { (1...Self.mostUnits).contains($0) }
        return arePossible ? widths : nil
    }

    /// False for a perceptron whose name consists of numbers and hyphens that cannot be its widths.
    var hasPossibleWidths: Bool { job != "mlp" || widths != nil || !model.allSatisfy { $0.isWholeNumber || $0 == "-" } }

    private func shapes(payload: Double) -> [(units: Int, bytesPerUnit: Double)]? {
        if !layers.isEmpty { return layers.map { ($0.units, exchange.bytesPerValue * Double($0.valuesPerUnit)) } }
        guard let widths else { return nil }
        let all = zip(widths, widths.dropFirst()).map { (inputs: Double($0), units: $1) }, size = exchange.bytesPerValue
        // The last layer is never predicted; every unit has a bias.
        let hidden = all.dropLast().reduce(0) { $0 + $1.inputs * Double($1.units) }
        let whole = all.last!.inputs * Double(all.last!.units) + all.reduce(0) { $0 + Double($1.units) }
        let proportion = hidden > 0 ? (payload / size - whole) / hidden : 1
        guard proportion > 0, proportion < 1.001 else { return nil }
        return all.enumerated().map { l, layer in
            (layer.units, size * (1 + (l == all.count - 1 ? 1 : proportion) * layer.inputs))
        }
    }
}
