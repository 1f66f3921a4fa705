import DataParallel
import LinearAlgebra
import Parallel
import Partition

/// Numbers whose sums round: an order of adding shows in the last bits.
private func number<Number: Scalar>(_ shard: Int, _ index: Int) -> Number { 1 / Number(3 + (shard * 7 + index) % 89) }

private func tree<Number: Scalar>(_ index: Int) -> Number {
    let s: [Number] = (0..<8).map { number($0, index) }
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))
}

/// Sums have the bits of the tree, twice with the same buffers, for owners of runs and of a cut.
func checkOrderedSum(_ world: Communicator) throws {
    try checkOrderedSum(Float.self, world)
    try checkOrderedSum(Double.self, world)
}

private func checkOrderedSum<Number: Scalar & MPIScalar>(_: Number.Type, _ world: Communicator) throws {
    let shards = ShardTree.shards(of: world.rank, ranks: world.size)
    for count in [0, 1, 3, 1000] {
        let cut = Cut(count, into: world.size)
        // A rank's runs: its part of the first 40 hundredths of the buffer, and of the rest.
        let first = Cut(count * 2 / 5, into: world.size), rest = Cut(count - count * 2 / 5, into: world.size)
        let places = (0..<world.size).map {
            [first[$0], rest[$0].lowerBound + first.total..<rest[$0].upperBound + first.total]
        }
        let ofRuns = OrderedSum<Number>(ranges: places, communicator: world)
        let ofCut = OrderedSum<Number>(cut, communicator: world)
        let expected: [Number] = (0..<count).map(tree)
        var buffer = [Number](repeating: 0, count: count)
        func take(_ sum: OrderedSum<Number>, _ finish: (UnsafeMutableBufferPointer<Number>) throws -> Void) throws {
            try buffer.withUnsafeMutableBufferPointer { buffer in
                for shard in shards {
                    for i in buffer.indices { buffer[i] = number(shard, i) }
                    sum.take(buffer)
                }
                try finish(buffer)
            }
        }
        for _ in 0..<2 {
            try take(ofRuns, ofRuns.sum)
            for place in places[world.rank] {
                try expect(buffer[place] == expected[place], "\(count) values in runs: other bits than the tree's")
            }
            try take(ofCut, ofCut.sumToAll)
            try expect(buffer == expected, "\(count) values: other bits than the tree's")
        }
        let straight: [Number] = (0..<count).map { i in (1..<8).reduce(number(0, i)) { $0 + number($1, i) } }
        try expect(count < 1000 || straight != expected, "these numbers tell no order from another")
    }
}
