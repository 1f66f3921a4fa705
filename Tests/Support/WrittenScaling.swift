import Foundation

/// scaling.csv as `scaling run` leaves it, of a machine that keeps to the cost model exactly, or nearly.
public struct WrittenScaling: Sendable {
    /// A configuration, and its seconds on a core of its own.
    public struct Net: Sendable {
        public var model = "net"
        public var learned: Double
        public var exchange: String
        public var fixed = 0.001, perSample = 50e-6, wait = 0.0002, expand = 0.0004, projectGradient = 0.0006
        public var payload: Int
        /// Seconds a byte of payload.
        public var handling = 1e-9

        public init(learned: Double, exchange: String, payload: Int) {
            self.learned = learned
            self.exchange = exchange
            self.payload = payload
        }
    }

    public static let columns =
        [
            "job", "model", "mode", "ranks", "hosts", "oversubscribed", "link", "batch", "learned", "columns",
            "exchange", "steps",
            "payloadBytes", "wireBytes", "peakBytes",
        ] + ["step", "compute", "expand", "project_gradient", "wait", "exchange"].flatMap { part in
            ["median", "p10", "p90", "min", "max"].map { "\(part)_\($0)" }
        }

    public var lines: [String] = [columns.joined(separator: ",")]
    /// Seconds of a hop.
    public var latency = 100e-6
    /// The part of the whole rate that an algorithm reaches: MPI's allreduce, a ring, owners.
    public var reached = ["mpi": 0.6, "ring": 0.8, "owned": 0.9]
    /// More ranks than these share them.
    public var cores = Int.max
    /// Where ranks share cores, what a link lets pass at once, in seconds at its rate.
    public var burst = 0.0

    public init() {}

    public var text: String { lines.joined(separator: "\n") + "\n" }

    /// The parts of a step by the formulas of docs/costmodel.md, written down again: compute with the wait.
    public func times(_ net: Net, ranks: Int, batch: Int, bitsPerSecond: Double) -> [Double] {
        let slow = Double((ranks - 1) / cores + 1)
        let compute = slow * (net.fixed + net.wait + net.perSample * Double((batch + ranks - 1) / ranks))
        let (expand, projectGradient) = (slow * net.expand, slow * net.projectGradient)
        let handling = slow * net.handling * Double(net.payload)
        let compresses = net.exchange.hasPrefix("lowrank") || net.exchange.hasSuffix("bfloat16")
        guard ranks > 1 else { return [compute, expand, projectGradient, compresses ? handling : 0] }
        var p = 1, doublings = 0
        while p < ranks { (p, doublings) = (2 * p, doublings + 1) }
        let ring = net.exchange.hasSuffix("-ring"), owned = net.exchange.hasPrefix("owned")
        let hops = Double(
            (ring ? 2 * (ranks - 1) : owned ? ranks : 2 * doublings) * (net.exchange.hasPrefix("lowrank") ? 2 : 1))
        // Payload and wire bytes are the mean over steps already.
        let period = net.exchange.hasPrefix("average") ? Double(net.exchange.dropFirst(7).prefix { $0.isNumber })! : 1
        let rate = bitsPerSecond / 8 * reached[ring ? "ring" : owned ? "owned" : "mpi"]!
        let wire = max(0, Double(self.wire(net, ranks)) - (ranks > cores ? burst * bitsPerSecond / 8 / period : 0))
        let (travel, bytes) = (slow * latency * hops / period, wire / rate)
        return [compute, expand, projectGradient, (travel * travel + bytes * bytes).squareRoot() + handling]
    }

    private func wire(_ net: Net, _ ranks: Int) -> Int { 2 * (ranks - 1) * net.payload / ranks }

    /// Adds a row.
    ///
    /// - Parameters:
    ///   - batch: the samples of all ranks.
    ///   - noise: what compute and exchange are multiplied with.
    public mutating func add(
        _ net: Net, ranks: Int, batch: Int, mode: String = "strong", link: String, bitsPerSecond: Double,
        noise: (Double, Double) = (1, 1)
    ) {
        let t = times(net, ranks: ranks, batch: batch, bitsPerSecond: bitsPerSecond)
        let wait = noise.0 * net.wait * Double((ranks - 1) / cores + 1)
        let (compute, exchange) = (noise.0 * (t[0] + t[1] + t[2]) - wait, noise.1 * t[3])
        let parts = [compute + wait + exchange, compute, noise.0 * t[1], noise.0 * t[2], wait, exchange]
        let head: [Any] = [
            "mlp", net.model, mode, ranks, 1, ranks > cores, link, batch, net.learned, net.learned < 1 ? 10 : 1,
            net.exchange, 200,
            net.payload, wire(net, ranks), 90_000_000,
        ]
        lines.append(
            (head.map { "\($0)" } + parts.flatMap { p in [1, 0.9, 1.2, 0.8, 3].map { "\($0 * p)" } }).joined(
                separator: ","))
    }
}
