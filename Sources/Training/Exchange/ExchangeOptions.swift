import Layers
import Parallel
import Partition

/// The ways of exchange by name.
public enum ExchangeName: String, CaseIterable, Sendable {
    /// The gradient of the expanded weights, summed: what travels where nothing is predicted. The yardstick.
    case full
    /// The gradient of the learned values, summed; every rank updates everything.
    case dynamic
    /// The same with owners: a unit's gradient goes to the rank that updates it, and its values come back.
    case owned
    /// A low-rank approximation of the gradient (PowerSGD), summed; every rank updates everything.
    case lowrank
}

/// What numbers are on the wire.
public enum WireFormat: String, CaseIterable, Sendable {
    case float32
    /// The upper half of a Float. What rounding takes from a gradient is added to the next; owners keep their values in full.
    case bfloat16
}

/// Whose algorithm sums a gradient on all ranks.
public enum AllReduceAlgorithm: String, CaseIterable, Sendable {
    /// MPI_Allreduce.
    case mpi
    /// `Ring`.
    case ring
}

/// Every choice of how values are exchanged.
public struct ExchangeOptions: Hashable, Sendable {
    public var name: ExchangeName
    public var wire: WireFormat
    /// Of the exchanges that sum a gradient on all ranks.
    public var allreduce: AllReduceAlgorithm
    /// The rank of the approximation of `lowrank`.
    public var gradientRank: Int
    /// Whether `lowrank` approximates the gradient of the expanded weights, or that of the learned values.
    public var approximatesExpanded: Bool
    /// Steps of a rank by itself before the ranks' values are averaged; 1: gradients are summed in every step.
    public var averageEvery: Int
    public var reduction: ReductionOrder

    public init(
        _ name: ExchangeName, wire: WireFormat = .float32, allreduce: AllReduceAlgorithm = .mpi, gradientRank: Int = 4,
        approximatesExpanded: Bool = false, averageEvery: Int = 1, reduction: ReductionOrder = .fast
    ) {
        self.name = name
        self.wire = wire
        self.allreduce = allreduce
        self.gradientRank = gradientRank
        self.approximatesExpanded = approximatesExpanded
        self.averageEvery = averageEvery
        self.reduction = reduction
    }

    /// Whether the gradient travels before it is projected: then every layer is computed expanded.
    public var sumsExpanded: Bool { name == .full || name == .lowrank && approximatesExpanded }

    /// Whether the result depends on these choices by more than the order of sums.
    public var changesResult: Bool { name == .lowrank || wire != .float32 || averageEvery > 1 }

    /// - Parameters:
    ///   - expanded: the gradient of the same values before it is projected; only where `sumsExpanded`, nil where nothing is predicted.
    ///   - epoch: steps of an epoch, after which values that are averaged are so in any case; nil: steps without end.
    public func make(for values: LearnedValues, expanded: ExpandedGradient? = nil, epoch: Int? = nil, communicator: Communicator) -> any Exchange {
        precondition(wire == .float32 || name == .owned, "only owners round what they send")
        precondition(averageEvery == 1 || name == .dynamic, "values are averaged, not gradients")
        precondition(
            reduction == .fast || name != .lowrank && wire == .float32 && averageEvery == 1, "only whole gradients are summed in a fixed order")
        if name == .owned {
            return wire == .float32
                ? OwnedExchange(values, order: reduction, communicator: communicator) : RoundedExchange(values, communicator: communicator)
        }
        let gradient = expanded?.values ?? values
        if reduction == .fixed {
            let sum = OrderedSum<Float>(Cut(gradient.count, into: communicator.size), communicator: communicator)
            return SummingExchange(values, expanded: expanded, sum: sum)
        }
        let flat = { FlatSum(count: $0, algorithm: allreduce, communicator: communicator) }
        if averageEvery > 1 {
            return AveragingExchange(values, every: averageEvery, epoch: epoch, sum: flat(values.count), ranks: communicator.size)
        }
        let sum: any RankSum =
            name == .lowrank ? LowRankSum(gradient, rank: gradientRank, ranks: communicator.size, sum: flat) : flat(gradient.count)
        return SummingExchange(values, expanded: expanded, sum: sum)
    }
}
