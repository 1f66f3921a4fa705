import Partition

/// The tree in which the sums of eight shards meet, ((s0+s1)+(s2+s3))+((s4+s5)+(s6+s7)), whoever holds them. A node is
/// the range of shards below it.
public enum ShardTree {
    /// Shards of a set, and the most ranks that share them.
    public static let shards = 8

    /// The shards that a rank holds.
    public static func shards(of rank: Int, ranks: Int) -> Range<Int> {
        precondition((1...shards).contains(ranks), "\(shards) shards for 1 to \(shards) ranks, found \(ranks)")
        return Cut(shards, into: ranks)[rank]
    }

    /// Whether two nodes, the left one first, are all of a larger one.
    public static func areSiblings(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        left.upperBound == right.lowerBound && left.count == right.count && left.lowerBound % (2 * left.count) == 0
    }

    /// The largest nodes that somebody can make who holds these shards only: 2, 3 and 4 are 2+3 and 4.
    public static func nodes(of shards: Range<Int>) -> [Range<Int>] {
        join(shards.map { $0..<$0 + 1 }).nodes
    }

    /// Adds nodes from left to right as soon as siblings are there.
    ///
    /// - Returns: what is left, and which of `nodes` were added to which, in order, by position: all of them to the
    ///   first where the nodes are those of all shards.
    public static func join(_ nodes: [Range<Int>]) -> (nodes: [Range<Int>], additions: [(from: Int, to: Int)]) {
        var left: [(node: Range<Int>, position: Int)] = [], additions: [(from: Int, to: Int)] = []
        for (position, node) in nodes.enumerated() {
            left.append((node, position))
            while left.count > 1, areSiblings(left[left.count - 2].node, left[left.count - 1].node) {
                let right = left.removeLast(), sibling = left.removeLast()
                additions.append((right.position, sibling.position))
                left.append((sibling.node.lowerBound..<right.node.upperBound, sibling.position))
            }
        }
        return (left.map(\.node), additions)
    }

    /// The sum of a number a shard, in the tree's order; of one number, that. The numbers are scratch afterwards.
    static func sum(_ numbers: UnsafeMutableBufferPointer<Double>) -> Double {
        var distance = 1
        while distance < numbers.count {
            for i in stride(from: 0, to: numbers.count, by: 2 * distance) { numbers[i] += numbers[i + distance] }
            distance *= 2
        }
        return numbers[0]
    }
}
