import Layers
import LinearAlgebra
import Parallel
import Partition

/// Sums a buffer of N values over ranks at the ranks that own them, in a reproducible order: parts go unsummed straight
/// to their owners, which add them. A rank's parts are the nodes of `ShardTree` that its shards make: one to three.
///
/// A rank of k parts and n_r own values sends k·(N − n_r) values. Memory in values: k·N, the parts of all ranks for
/// n_r, and up to 3·N for nodes on their way; nothing is allocated after init.
public final class OrderedSum<Number: Scalar & MPIScalar> {
    private let communicator: Communicator
    private let messages: Messages
    /// Where the values are that each rank owns.
    private let ranges: [[Range<Int>]]
    private let cut: Cut?
    private let ownCount: Int
    /// This rank's shards, and the next that `take` gets.
    private let shards: Range<Int>
    private var next: Int
    /// Nodes of shards taken so far whose siblings are still to come, and their sums.
    private var nodes: [Range<Int>] = []
    private let held: [Matrix<Number>]
    private let sent: Parts<Number>
    private let received: Parts<Number>
    private let arrived: Matrix<Number>
    private let additions: [(from: Int, to: Int)]
    /// What leaves this rank, at least N values. Empty on one rank.
    private let packet: Matrix<Number>
    private let sizes: SumSizes

    /// - Parameter ranges: the ranges of the buffer that each rank owns; together all of it.
    public convenience init(ranges: [[Range<Int>]], communicator: Communicator) {
        self.init(ranges, nil, communicator)
    }

    /// - Parameter owned: the ranks' parts of the buffer.
    public convenience init(_ owned: Cut, communicator: Communicator) {
        self.init((0..<communicator.size).map { [owned[$0]] }, owned, communicator)
    }

    private init(_ ranges: [[Range<Int>]], _ cut: Cut?, _ communicator: Communicator) {
        let ranks = communicator.size, rank = communicator.rank
        self.communicator = communicator
        messages = Messages(communicator)
        self.ranges = ranges
        self.cut = cut
        sizes = SumSizes(owned: ranges.map { $0.reduce(0) { $0 + $1.count } }, order: .fixed)
        ownCount = sizes.owned[rank]
        shards = ShardTree.shards(of: rank, ranks: ranks)
        additions = ShardTree.join(Array(sizes.nodes.joined())).additions
        next = shards.lowerBound
        let total = sizes.total, own = ownCount, parts = sizes.nodes.map(\.count), waiting = sizes.waiting(rank)
        nodes.reserveCapacity(waiting)
        held = (0..<waiting).map { _ in Matrix(rows: 1, columns: total) }
        sent = Parts(counts: sizes.owned.map { parts[rank] * $0 })
        received = Parts(counts: parts.map { $0 * own })
        packet = Matrix(rows: 1, columns: ranks == 1 ? 0 : sent.total)
        arrived = Matrix(rows: 1, columns: ranks == 1 ? 0 : received.total)
    }


    /// Takes this rank's sums over its next shard; one call a shard comes before `sum`. They are scratch
    /// afterwards, but those of the last shard stay where they are until the sum.
    public func take(_ sums: UnsafeMutableBufferPointer<Number>) {
        precondition(next < shards.upperBound, "a rank takes its shards, then it sums")
        precondition(sums.count == sizes.total, "the sums of all ranks' parts")
        var node = next..<next + 1
        next += 1
        while let sibling = nodes.last, ShardTree.areSiblings(sibling, node) {
            nodes.removeLast()
            accumulate(held[nodes.count].pointer, into: sums.baseAddress!, count: sums.count)
            node = sibling.lowerBound..<node.upperBound
        }
        guard next < shards.upperBound else { return }
        held[nodes.count].pointer.update(from: sums.baseAddress!, count: sums.count)
        nodes.append(node)
    }

    /// The sum over ranks of `buffer`, this rank's sums that were taken last. What this rank owns of it holds the sum
    /// afterwards, the rest is scratch.
    ///
    /// - Throws: `MPIError`.
    public func sum(_ buffer: UnsafeMutableBufferPointer<Number>) throws {
        precondition(next == shards.upperBound, "shards \(next) to \(shards.upperBound - 1) were not taken")
        precondition(buffer.count == sizes.total, "the sums of all ranks' parts")
        next = shards.lowerBound
        let waiting = nodes.count
        nodes.removeAll(keepingCapacity: true)
        guard communicator.size > 1 else { return }
        var packed = packet.pointer
        for ofRank in ranges {
            for part in 0...waiting {
                let sums = part == waiting ? buffer.baseAddress! : held[part].pointer
                for range in ofRank {
                    packed.update(from: sums + range.lowerBound, count: range.count)
                    packed += range.count
                }
            }
        }
        messages.allToAll(UnsafeBufferPointer(packet.elements), sent, into: arrived.elements, received)
        messages.finish()
        for (from, to) in additions {
            accumulate(arrived.pointer + from * ownCount, into: arrived.pointer + to * ownCount, count: ownCount)
        }
        var sums = arrived.pointer
        for range in ranges[communicator.rank] {
            (buffer.baseAddress! + range.lowerBound).update(from: sums, count: range.count)
            sums += range.count
        }
    }

    /// Sums as `sum` does, and the owners send their values to all.
    ///
    /// - Precondition: the owners' parts are a cut.
    /// - Throws: `MPIError`.
    public func sumToAll(_ buffer: UnsafeMutableBufferPointer<Number>) throws {
        try sum(buffer)
        if communicator.size > 1 { try communicator.allGather(inPlace: buffer, shares: cut!) }
    }
}

extension OrderedSum: RankSum where Number == Float {
    var order: ReductionOrder { .fixed }

    func take(_ gradient: LearnedValues) { take(gradient.flat.elements) }
    func sum(_ gradient: LearnedValues) throws { try sumToAll(gradient.flat.elements) }
}
