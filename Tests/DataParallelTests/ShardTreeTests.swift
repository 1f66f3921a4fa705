import DataParallel
import Testing

/// The tree of eight shards, for every rank count.
struct ShardTreeTests {
    private static let whole = "(((0+1)+(2+3))+((4+5)+(6+7)))"

    /// What additions make of some terms, written out.
    private func sums(_ terms: [String], _ additions: [(from: Int, to: Int)]) -> [String] {
        additions.reduce(into: terms) { $0[$1.to] = "(\($0[$1.to])+\($0[$1.from]))" }
    }

    /// Every rank adds what it can, owners the rest: the same brackets however the shards are spread.
    @Test(arguments: 1...8) func theBracketsDoNotDependOnRanks(ranks: Int) {
        var nodes: [Range<Int>] = [], terms: [String] = [], next = 0
        for rank in 0..<ranks {
            let shards = ShardTree.shards(of: rank, ranks: ranks), leaves = shards.map { $0..<$0 + 1 }
            #expect(shards.lowerBound == next && !shards.isEmpty)
            next = shards.upperBound
            let own = ShardTree.join(leaves), made = sums(leaves.map { "\($0.lowerBound)" }, own.additions)
            #expect(own.nodes == ShardTree.nodes(of: shards))
            nodes += own.nodes
            terms += own.nodes.map { made[$0.lowerBound - shards.lowerBound] }
        }
        #expect(next == 8)
        let all = ShardTree.join(nodes)
        #expect(all.nodes == [0..<8])
        #expect(sums(terms, all.additions)[0] == Self.whole)
    }

    /// Whoever holds some shards adds all siblings among them: what is left are nodes of the tree of which no two are
    /// siblings.
    @Test func nodesAreTheLargest() {
        for first in 0..<8 {
            for end in first + 1...8 {
                let nodes = ShardTree.nodes(of: first..<end)
                #expect(nodes.flatMap { Array($0) } == Array(first..<end))
                for node in nodes { #expect([1, 2, 4, 8].contains(node.count) && node.lowerBound % node.count == 0) }
                for (left, right) in zip(nodes, nodes.dropFirst()) { #expect(!ShardTree.areSiblings(left, right)) }
            }
        }
        #expect(ShardTree.nodes(of: 2..<5) == [2..<4, 4..<5])
        #expect(ShardTree.nodes(of: 0..<8) == [0..<8])
    }

    /// Shards depend on the number of samples alone, and a rank's follow each other.
    @Test(arguments: [0, 5, 100, 1003]) func shardsOfSamples(samples: Int) {
        let alone = ReductionOrder.fixed.parts(of: samples, rank: 0, ranks: 1), shards = alone.own.map { alone[$0] }
        if samples == 100 { #expect(shards.map(\.count).sorted() == [12, 12, 12, 12, 13, 13, 13, 13]) }
        #expect(shards.count == 8 && alone.range == 0..<samples)
        for ranks in 1...8 {
            let parts = (0..<ranks).map { ReductionOrder.fixed.parts(of: samples, rank: $0, ranks: ranks) }
            #expect(parts.flatMap { rank in rank.own.map { rank[$0] } } == shards)
            for rank in parts {
                #expect(rank.range.lowerBound == rank[rank.own.lowerBound].lowerBound)
                #expect(
                    rank.local
                        == rank.own.map {
                            rank[$0].lowerBound - rank.range.lowerBound..<rank[$0].upperBound - rank.range.lowerBound
                        })
            }
        }
    }

    @Test func fastPartsAreTheCutOfRanks() {
        for rank in 0..<3 {
            let parts = ReductionOrder.fast.parts(of: 10, rank: rank, ranks: 3)
            #expect(parts.own == rank..<rank + 1 && parts.range == rank * 10 / 3..<(rank + 1) * 10 / 3)
        }
    }
}
