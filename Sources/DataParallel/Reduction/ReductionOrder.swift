import Partition

/// How sums over the samples of all ranks are formed.
public enum ReductionOrder: String, CaseIterable, Sendable {
    /// Every rank works through its cut of the samples at once, and the sums of ranks meet as MPI likes: the last bits
    /// depend on the rank count.
    case fast
    /// A reproducible reduction: the samples are cut into eight shards whose bounds depend on their number alone. Every
    /// shard is computed separately, since a product of other shapes has other bits, and the shards' sums meet in
    /// one tree, `ShardTree`: the same bits at 1 to 8 ranks.
    case fixed

    /// Whether sums can be made in this order on so many ranks.
    public func works(ranks: Int) -> Bool { self == .fast || ranks <= ShardTree.shards }

    /// The parts of a set of samples that are computed separately: a rank's cut, or shards. Nothing is
    /// allocated.
    public func parts(of samples: Int, rank: Int, ranks: Int) -> SampleParts {
        switch self {
        case .fast: SampleParts(cut: Cut(samples, into: ranks), own: rank..<rank + 1)
        case .fixed:
            SampleParts(cut: Cut(samples, into: ShardTree.shards), own: ShardTree.shards(of: rank, ranks: ranks))
        }
    }

    /// Samples of the largest part.
    package func largestPart(of samples: Int, ranks: Int) -> Int {
        let parts = self == .fast ? ranks : ShardTree.shards
        return (samples + parts - 1) / parts
    }

    /// Samples of the rank that has most.
    package func largestRange(of samples: Int, ranks: Int) -> Int {
        if self == .fast { return largestPart(of: samples, ranks: ranks) }
        return (0..<ranks).map { parts(of: samples, rank: $0, ranks: ranks).range.count }.max()!
    }

    /// Where a rank puts the numbers of its parts that are summed in one small allreduce, zeros elsewhere: one slot,
    /// where MPI adds, or one a shard, which every rank then adds with `ShardTree.sum`.
    func slots(rank: Int, ranks: Int) -> (count: Int, own: Range<Int>) {
        self == .fast ? (1, 0..<1) : (ShardTree.shards, ShardTree.shards(of: rank, ranks: ranks))
    }
}

/// A set of samples in parts that are computed separately.
public struct SampleParts: Sendable {
    fileprivate let cut: Cut
    /// The parts of this rank, at least one.
    public let own: Range<Int>

    /// The samples of a part.
    public subscript(part: Int) -> Range<Int> { cut[part] }

    /// The samples of all own parts.
    public var range: Range<Int> { cut[own.lowerBound].lowerBound..<cut[own.upperBound - 1].upperBound }

    /// The own parts, counted from the start of `range`.
    public var local: [Range<Int>] {
        let start = range.lowerBound
        return own.map { cut[$0].lowerBound - start..<cut[$0].upperBound - start }
    }
}
