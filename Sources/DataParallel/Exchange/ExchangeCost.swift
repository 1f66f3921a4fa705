import Layers
import Parallel
import Partition

/// The bytes and the memory of an exchange, worked out from its kind, the shapes of the parameters and the rank count.
///
/// It needs no communicator and makes no buffer, so that a plan cannot wait for another rank.
public struct ExchangeCost: Equatable, Sendable {
    /// What is reduced in a step, in bytes; the mean over steps where not all exchange.
    public let bytesPerStep: Int
    /// What the busiest rank sends in a step, in bytes; the mean over steps where not all exchange.
    public let wireBytesPerStep: Int
    /// Floats that the rank of most keeps: buffers, what error feedback adds, master weights.
    public let heldFloats: Int

    /// - Parameters:
    ///   - parameters: those of the values that are learned.
    ///   - expanded: those of the gradient before it is projected; only where `sumsExpanded`, nil where nothing is
    ///     predicted.
    ///   - epoch: steps of an epoch, after which values that are averaged are so in any case; nil: steps without end.
    public init(
        _ options: ExchangeOptions, parameters: [LearnedValues.Shape], expanded: [LearnedValues.Shape]? = nil,
        epoch: Int? = nil, ranks: Int
    ) {
        let gradient = expanded ?? parameters, count = gradient.reduce(0) { $0 + $1.units * $1.valuesPerUnit }
        switch (options.kind, options.reduction) {
        case (.sharded(let wire), let order):
            let owned = (0..<ranks).map { rank in
                parameters.reduce(0) { $0 + Cut($1.units, into: ranks)[rank].count * $1.valuesPerUnit }
            }
            let sizes = SumSizes(owned: owned, order: order), most = owned.max()!, arriving = (ranks - 1) * most
            if wire == .bfloat16 {
                self.init(2 * count, wire: 2 * sizes.busiest, held: (count + arriving + 1) / 2 + count + most)
            } else {
                self.init(4 * count, wire: 4 * sizes.busiest, held: order == .fixed ? sizes.heldValues : arriving)
            }
        case (_, .fixed):
            let cut = Cut(count, into: ranks)
            let sizes = SumSizes(owned: (0..<ranks).map { cut[$0].count }, order: .fixed)
            self.init(4 * count, wire: 4 * sizes.busiest, held: sizes.heldValues)
        case (.powerSGD(let rank, _, let algorithm), .fast):
            let sizes = PowerSGD.sizes(of: gradient, rank: rank)
            let first = Self(allReduce: sizes.first, algorithm, ranks: ranks)
            let second = Self(allReduce: sizes.second, algorithm, ranks: ranks)
            self.init(
                first.bytesPerStep + second.bytesPerStep, wire: first.wireBytesPerStep + second.wireBytesPerStep,
                held: sizes.first + sizes.second + sizes.errorFeedback + first.heldFloats + second.heldFloats)
        case (.localSGD(let every, let algorithm), .fast):
            let sum = Self(allReduce: count, algorithm, ranks: ranks)
            let (exchanges, steps) = epoch.map { (($0 + every - 1) / every, $0) } ?? (1, every)
            self.init(
                sum.bytesPerStep * exchanges / steps, wire: sum.wireBytesPerStep * exchanges / steps,
                held: 2 * count + sum.heldFloats)
        case (.allReduce(_, let algorithm), .fast):
            self.init(allReduce: count, algorithm, ranks: ranks)
        }
    }

    /// The cost of one allreduce of so many Floats.
    private init(allReduce count: Int, _ algorithm: AllReduceAlgorithm, ranks: Int) {
        let isRing = algorithm == .ring
        let sent = isRing ? 4 * Ring.busiest(count: count, ranks: ranks) : 4 * 2 * (ranks - 1) * count / ranks
        self.init(4 * count, wire: sent, held: isRing ? Ring.workspace : 0)
    }

    private init(_ bytes: Int, wire: Int, held: Int) {
        bytesPerStep = bytes
        wireBytesPerStep = wire
        heldFloats = held
    }
}
