import DataParallel

/// How the values of a step travel, by the label that `scaling run` gives it.
public struct ExchangeMethod: Hashable, Sendable {
    /// Which messages carry them: those of MPI's own collective, of our ring, or to and from the owners of units.
    public enum Algorithm: Hashable, Sendable { case mpi, ring, owners }

    /// That of `ExchangeOptions`, or `l-bfgs`.
    public let label: String
    /// Nil for L-BFGS, which has an exchange of its own.
    private let options: ExchangeOptions?

    /// That of rica.
    static let lbfgs = ExchangeMethod("l-bfgs", nil)

    init(_ options: ExchangeOptions) { self.init(options.label, options) }

    /// Nil for a label that is not known.
    public init?(_ label: String) {
        let options = ExchangeOptions(label: label)
        guard options != nil || label == Self.lbfgs.label else { return nil }
        self.init(label, options)
    }

    private init(_ label: String, _ options: ExchangeOptions?) {
        self.label = label
        self.options = options
    }

    /// Sums of a reproducible reduction go through owners, too.
    public var algorithm: Algorithm {
        ownsUnits || order == .fixed ? .owners : options?.algorithm == .ring ? .ring : .mpi
    }
    /// Steps from one exchange to the next.
    public var period: Int { options?.period ?? 1 }
    /// Whether gradients of the expanded weights travel, and nothing less, summed as fast as can be: what everybody
    /// else sends.
    public var isFull: Bool { options?.sumsExpanded == true && options?.isLowRank == false && order == .fast }

    /// How gradients are summed over the samples of a step.
    var order: ReductionOrder { options?.reduction ?? .fast }
    var ownsUnits: Bool { options?.isSharded == true }
    var bytesPerValue: Double { options?.wire == .bfloat16 ? 2 : 4 }

    /// Whether a rank rounds or factors what it sends, which it does without another rank, too.
    var compresses: Bool { options?.wire == .bfloat16 || options?.isLowRank == true }

    /// The most parts of a sum that a rank sends.
    func parts(ranks: Int) -> Int {
        order == .fast
            ? 1 : (0..<ranks).map { ShardTree.nodes(of: ShardTree.shards(of: $0, ranks: ranks)).count }.max()!
    }

    /// Messages that wait for each other in a step, the mean over steps: 2⌈log₂P⌉ for MPI's allreduce, which is
    /// what short ones take (Thakur, Rabenseifner & Gropp 2005, recursive halving and doubling), 2(P−1) for the ring;
    /// to owners all messages leave at once, but each of P−1 is handled by itself: as P. PowerSGD and L-BFGS have two
    /// sums that wait for each other.
    public func hops(ranks: Int) -> Double {
        guard ranks > 1 else { return 0 }
        let hops =
            switch algorithm {
            case .mpi: 2 * (Int.bitWidth - (ranks - 1).leadingZeroBitCount)
            case .ring: 2 * (ranks - 1)
            case .owners: ranks
            }
        let rounds = options?.isLowRank != false ? 2 : 1
        return Double(rounds * hops) / Double(period)
    }
}
