import Foundation

/// What is computed and how values travel; not on how many ranks, nor over which network.
public struct Configuration: Hashable, Sendable {
    public let job: String
    public let model: String
    /// The proportion of weights learned, 1 for a dense net.
    public let learned: Double
    public let columns: Int
    public let exchange: ExchangeMethod

    public init(job: String, model: String, learned: Double, columns: Int, exchange: ExchangeMethod) {
        self.job = job
        self.model = model
        self.learned = learned
        self.columns = columns
        self.exchange = exchange
    }

    /// `dense, full`; `learned 0.1, owned`; with the columns where `others` of the same proportion have different ones.
    public func label(among others: some Sequence<Configuration>) -> String {
        let isOne = others.allSatisfy { $0.model != model || $0.learned != learned || $0.columns == columns }
        return (learned == 1 ? "dense" : "learned " + String(format: "%.3g", learned))
            + (isOne ? "" : ", \(columns) column\(columns == 1 ? "" : "s")") + ", \(exchange.label)"
    }

    /// What stands for an exchange of full weights beside this: the same net with `full`; for rica, which always exchanges learned values,
    /// the dense layer. Nil where there is none, or this is it.
    public func yardstick(among others: some Sequence<Configuration>) -> Configuration? {
        func isOne(_ other: Configuration) -> Bool {
            guard other != self, (job, model) == (other.job, other.model) else { return false }
            return job == "rica" ? other.learned == 1 : other.exchange.isFull && (learned, columns) == (other.learned, other.columns)
        }
        return exchange.isFull ? nil : others.first(where: isOne)
    }

    /// What the busiest rank sends in a step at any rank count, in bytes.
    ///
    /// 2(P−1)/P of the payload. Owners send N + (P−2)·n values, n what the rank owns that owns most: of every layer ⌈units/P⌉ units, which
    /// does not fall further where ranks are more than units. The layers are found in the name of a perceptron, `784-500-500-10`, with
    /// the proportion that its payload has; without such a name shares count as equal.
    public func wireBytes(payload: Double, ranks: Int) -> Double {
        guard ranks > 1 else { return 0 }
        let p = Double(ranks)
        guard exchange.algorithm == .owners, let layers = layers(payload: payload) else { return 2 * (p - 1) / p * payload }
        let most = layers.reduce(0) { $0 + Double(($1.units + ranks - 1) / ranks) * $1.bytesPerUnit }
        return payload + (p - 2) * most
    }

    private func layers(payload: Double) -> [(units: Int, bytesPerUnit: Double)]? {
        let widths = model.split(separator: "-").map { Int($0) ?? 0 }
        guard job == "mlp", widths.count > 1, widths.allSatisfy({ $0 > 0 }) else { return nil }
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

/// How the values of a step travel, by the label that `scaling run` gives it.
public struct ExchangeMethod: Hashable, Sendable, CustomStringConvertible {
    /// Which messages carry them.
    public enum Algorithm: Hashable, Sendable { case mpi, ring, owners }

    /// `owned`, `owned-bfloat16`, `dynamic`, `dynamic-ring`, `full`, `lowrank4-ring`, `lowrank1-full`, `average10`, `l-bfgs`.
    public let label: String
    public let algorithm: Algorithm
    /// Steps from one exchange to the next.
    public let period: Int
    /// Sums over ranks that wait for each other in an exchange.
    private let rounds: Int

    public var description: String { label }

    /// Nil for a label that is not known.
    public init?(_ label: String) {
        self.label = label
        let parts = label.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        func number(after name: String) -> Int? { parts[0].hasPrefix(name) ? Int(parts[0].dropFirst(name.count)) : nil }
        algorithm = parts[0] == "owned" ? .owners : parts.last == "ring" ? .ring : .mpi
        if label == "l-bfgs" {
            (period, rounds) = (1, 2)
        } else if ["owned", "dynamic", "full"].contains(parts[0]) {
            (period, rounds) = (1, 1)
        } else if let rank = number(after: "lowrank"), rank > 0 {
            (period, rounds) = (1, 2)
        } else if let steps = number(after: "average"), steps > 0 {
            (period, rounds) = (steps, 1)
        } else {
            return nil
        }
    }

    /// Whether gradients of the expanded weights travel, and nothing less: what everybody else sends.
    public var isFull: Bool { label == "full" || label == "full-ring" }

    var bytesPerValue: Double { label.contains("bfloat16") ? 2 : 4 }

    /// The label of the same work on the values of one exchange, which does not depend on how often there is one.
    var workLabel: String { period > 1 ? (algorithm == .ring ? "dynamic-ring" : "dynamic") : label }

    /// Messages that wait for each other in a step, the mean over steps: 2⌈log₂P⌉ for MPI's allreduce, which is what short ones take
    /// (Thakur, Rabenseifner & Gropp 2005, recursive halving and doubling), 2(P−1) for the ring; to owners all messages leave at once,
    /// but each of P−1 is handled by itself: as P.
    public func hops(ranks: Int) -> Double {
        guard ranks > 1 else { return 0 }
        let hops =
            switch algorithm {
            case .mpi: 2 * (Int.bitWidth - (ranks - 1).leadingZeroBitCount)
            case .ring: 2 * (ranks - 1)
            case .owners: ranks
            }
        return Double(rounds * hops) / Double(period)
    }
}
