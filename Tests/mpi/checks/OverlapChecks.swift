import Parallel
import Partition

func checkOverlap(_ world: Communicator) throws {
    for units in unitCounts { try checkOverlap(world, units) }
}

func checkOverlapInPieces(_ world: Communicator) throws {
    world.largestCount = 3
    for units in [0, 1, 3, 17] { try checkOverlap(world, units) }
}

/// All kinds under way at once, twice in one scope.
private func checkOverlap(_ world: Communicator, _ units: Int) throws {
    let shares = Cut(units, into: world.size).scaled(by: 2)
    let own = shares[world.rank]
    let sum: [Float] = reduced(.sum, ranks: world.size, shares.total)
    let source: [Float] = values(of: world.rank, shares.total)

    var first = source
    var second = [Float](repeating: 0, count: shares.total)
    second.replaceSubrange(own, with: source[own])
    var third = [Float](repeating: 0, count: own.count)
    var fourth: [Double] = values(of: world.rank, units)

    let answer = try first.withUnsafeMutableBufferPointer { first in
        try second.withUnsafeMutableBufferPointer { second in
            try third.withUnsafeMutableBufferPointer { third in
                try fourth.withUnsafeMutableBufferPointer { fourth in
                    try source.withUnsafeBufferPointer { source in
                        try world.overlap { exchange in
                            try exchange.allReduce(inPlace: first)
                            try exchange.allGather(inPlace: second, shares: shares)
                            try exchange.progress()
                            try exchange.reduceScatter(source, into: third, shares: shares)
                            try exchange.allReduce(inPlace: fourth, .max)
                            return 42
                        }
                    }
                }
            }
        }
    }
    try expectEqual(answer, 42, "what the scope returns")
    try expectEqual(first, sum, "overlapped allReduce")
    try expectEqual(second, (0..<shares.total).map { value(shares.owner(of: $0), $0) }, "overlapped allGather")
    try expectEqual(third, Array(sum[own]), "overlapped reduceScatter")
    try expectEqual(fourth, reduced(.max, ranks: world.size, units), "overlapped allReduce, max")
}
