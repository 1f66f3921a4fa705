/// What an `OrderedSum` sends and holds, in values.
package struct SumSizes {
    /// Values that every rank owns.
    let owned: [Int]
    /// The parts of the sum that every rank sends: in a reproducible reduction, nodes of `ShardTree`.
    let nodes: [[Range<Int>]]
    private let shards: [Range<Int>]

    package init(owned: [Int], order: ReductionOrder) {
        self.owned = owned
        let ranks = owned.count
        shards = order == .fast ? [] : (0..<ranks).map { ShardTree.shards(of: $0, ranks: ranks) }
        nodes = order == .fast ? (0..<ranks).map { [$0..<$0 + 1] } : shards.map(ShardTree.nodes)
    }

    package var total: Int { owned.reduce(0, +) }

    /// Nodes that a rank keeps at most while it makes the next.
    func waiting(_ rank: Int) -> Int {
        shards.isEmpty ? 0 : shards[rank].map { ShardTree.nodes(of: shards[rank].lowerBound..<$0).count }.max()!
    }

    /// What the busiest rank sends for a sum, its owners' values to all included.
    package var busiest: Int {
        owned.count == 1
            ? 0 : owned.indices.map { nodes[$0].count * (total - owned[$0]) + (owned.count - 1) * owned[$0] }.max()!
    }

    /// What the rank of most buffers holds.
    package var heldValues: Int {
        let parts = nodes.reduce(0) { $0 + $1.count }
        return owned.indices.map {
            waiting($0) * total + (owned.count == 1 ? 0 : nodes[$0].count * total + parts * owned[$0])
        }.max()!
    }
}
