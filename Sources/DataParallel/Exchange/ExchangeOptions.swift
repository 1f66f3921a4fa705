import Layers
import Parallel
import Partition

/// What numbers are on the wire.
public enum WireFormat: String, CaseIterable, Sendable {
    case float32
    /// The upper half of a Float. What rounding takes from a gradient is added to the next (error feedback); owners
    /// keep master weights in Float.
    case bfloat16
}

/// Whose algorithm sums a gradient on all ranks.
public enum AllReduceAlgorithm: String, CaseIterable, Sendable {
    /// MPI_Allreduce.
    case mpi
    /// `Ring`.
    case ring
}

/// How values are exchanged in a step, and in which order they are summed.
public struct ExchangeOptions: Hashable, Sendable {
    /// Which gradient travels.
    public enum Gradient: Hashable, Sendable {
        /// That of the expanded weights, before it is projected: what travels where nothing is predicted.
        case expanded
        /// That of the learned values.
        case learned
    }

    /// The ways of exchange.
    public enum Kind: Hashable, Sendable {
        /// The gradient is summed on all ranks; every rank updates everything.
        case allReduce(Gradient, AllReduceAlgorithm = .mpi)
        /// A sharded optimizer (ZeRO stage 1): a unit's gradient goes to the rank that updates it, and its values come
        /// back.
        case sharded(WireFormat = .float32)
        /// An approximation of the gradient of some rank (PowerSGD) is summed; every rank updates everything.
        case powerSGD(rank: Int, of: Gradient = .learned, AllReduceAlgorithm = .mpi)
        /// Every rank steps by itself, then the ranks' values are averaged (local SGD).
        case localSGD(every: Int, AllReduceAlgorithm = .mpi)

        /// The baseline.
        public static let full = Kind.allReduce(.expanded)
        public static let dynamic = Kind.allReduce(.learned)
        public static let owned = Kind.sharded()
    }

    public var kind: Kind
    public var reduction: ReductionOrder

    public init(_ kind: Kind, reduction: ReductionOrder = .fast) {
        self.kind = kind
        self.reduction = reduction
    }

    /// Whether the gradient travels before it is projected: then every layer is computed expanded.
    public var sumsExpanded: Bool {
        switch kind {
        case .allReduce(let gradient, _), .powerSGD(_, let gradient, _): gradient == .expanded
        case .sharded, .localSGD: false
        }
    }

    /// Steps from one exchange to the next.
    public var period: Int { if case .localSGD(let every, _) = kind { every } else { 1 } }
    /// Whether every unit is updated by one rank.
    public var isSharded: Bool { if case .sharded = kind { true } else { false } }
    /// What numbers are on the wire.
    public var wire: WireFormat { if case .sharded(let wire) = kind { wire } else { .float32 } }
    /// Whether a low-rank approximation travels.
    public var isLowRank: Bool { if case .powerSGD = kind { true } else { false } }
    /// Whose algorithm sums; nil where units have owners.
    public var algorithm: AllReduceAlgorithm? {
        switch kind {
        case .allReduce(_, let algorithm), .powerSGD(_, _, let algorithm), .localSGD(_, let algorithm): algorithm
        case .sharded: nil
        }
    }

    /// Whether the result depends on these choices by more than the order of sums.
    public var changesResult: Bool { isLowRank || wire != .float32 || period > 1 }

    /// Makes the exchange of some values.
    ///
    /// - Parameter expanded: the gradient of the same values before it is projected; only where `sumsExpanded`, nil
    ///   where nothing is predicted.
    public func make(
        for values: LearnedValues, expanded: ExpandedGradient? = nil, communicator: Communicator
    ) -> any Exchange {
        let gradient = expanded?.values ?? values
        let flat = { FlatSum(count: $0, algorithm: algorithm!, communicator: communicator) }
        switch (kind, reduction) {
        case (.sharded(.float32), _): return ShardedExchange(values, order: reduction, communicator: communicator)
        case (.sharded(.bfloat16), .fast): return RoundedShardedExchange(values, communicator: communicator)
        case (.allReduce, .fast): return AllReduceExchange(values, expanded: expanded, sum: flat(gradient.count))
        case (.allReduce, .fixed):
            let sum = OrderedSum<Float>(Cut(gradient.count, into: communicator.size), communicator: communicator)
            return AllReduceExchange(values, expanded: expanded, sum: sum)
        case (.powerSGD(let rank, _, _), .fast):
            let sum = PowerSGD(gradient, rank: rank, ranks: communicator.size, sum: flat)
            return AllReduceExchange(values, expanded: expanded, sum: sum)
        case (.localSGD(let every, _), .fast):
            return LocalSGD(values, every: every, sum: flat(values.count), ranks: communicator.size)
        case (.sharded(.bfloat16), .fixed), (.powerSGD, .fixed), (.localSGD, .fixed):
            preconditionFailure("only whole gradients have a reproducible reduction")
        }
    }
}
