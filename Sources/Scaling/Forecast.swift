/// Weak scaling as the model expects it on a network: the time of a step at a fixed batch per rank, a core to each
/// rank.
public struct Forecast: Sendable {
    /// A configuration at all rank counts.
    public struct Curve: Sendable {
        /// What is computed, and how values travel.
        public let configuration: Configuration
        /// At each of `ranks`.
        public let times: [StepTime]
        /// The time on one rank over that on each of `ranks`.
        public var efficiency: [Double] { times.map { times[0].total / $0.total } }
    }

    /// Ethernet and a fabric, with latencies from program to program that such networks usually have; assumed, not
    /// measured.
    public static let networks = [
        Interconnect(name: "1 Gbit/s Ethernet, 50 µs", bitsPerSecond: 1e9, latency: 50e-6),
        Interconnect(name: "10 Gbit/s Ethernet, 20 µs", bitsPerSecond: 1e10, latency: 20e-6),
        Interconnect(name: "100 Gbit/s fabric, 2 µs", bitsPerSecond: 1e11, latency: 2e-6),
    ]
    /// 1 to 4,096.
    public static let ranks = (0...12).map { 1 << $0 }

    /// Between the ranks.
    public let network: Interconnect
    /// The configurations that the model can predict.
    public let curves: [Curve]

    /// - Parameter batchPerRank: samples of a rank in a step.
    public init(_ model: CostModel, _ configurations: [Configuration], batchPerRank: Int, on network: Interconnect) {
        self.network = network
        curves = configurations.compactMap { configuration in
            let times = Self.ranks.compactMap {
                model.predict(configuration, ranks: $0, batch: batchPerRank * $0, on: network)
            }
            return times.count == Self.ranks.count ? Curve(configuration: configuration, times: times) : nil
        }
    }

    /// The rank counts at which a configuration takes less time a step than its baseline, the same net that exchanges
    /// in full; nil without one.
    public func ranksThatPay(_ curve: Curve) -> [Int]? {
        guard let baseline = curve.configuration.baseline(among: curves.map(\.configuration)),
            let full = curves.first(where: { $0.configuration == baseline })
        else { return nil }
        return Self.ranks.indices.filter { Self.ranks[$0] > 1 && curve.times[$0].total < full.times[$0].total }.map {
            Self.ranks[$0]
        }
    }
}

extension CostModel {
    /// The rate of a link, in bits a second, from which on a configuration that sends less is no faster than another,
    /// by bisection; infinite: faster even at 10¹⁵.
    ///
    /// - Returns: nil where one of them cannot be predicted, or the first is no faster at 1 kbit/s, since it sends no
    ///   less.
    public func breakEven(
        _ one: Configuration, with other: Configuration, ranks: Int, batch: Int, latency: Double
    ) -> Double? {
        func isFaster(at rate: Double) -> Bool? {
            let network = Interconnect(name: "", bitsPerSecond: rate, latency: latency)
            guard let a = predict(one, ranks: ranks, batch: batch, on: network),
                let b = predict(other, ranks: ranks, batch: batch, on: network)
            else { return nil }
            return a.total < b.total
        }
        var (slow, fast) = (Interconnect.rates.lowerBound, Interconnect.rates.upperBound)
        guard isFaster(at: slow) == true else { return nil }
        guard isFaster(at: fast) == false else { return .infinity }
        while fast / slow > 1 + 1e-9 {
            let middle = (slow * fast).squareRoot()
            if isFaster(at: middle) == true { slow = middle } else { fast = middle }
        }
        return fast
    }
}
