import Parallel
import Partition

typealias Number = MPIScalar & Comparable & Numeric

/// Small whole numbers: every sum is exact in every type and every order.
func value<T: Number>(_ rank: Int, _ index: Int) -> T { T(exactly: (rank * 31 + index * 7) % 11)! }

func values<T: Number>(of rank: Int, _ count: Int) -> [T] { (0..<count).map { value(rank, $0) } }

/// The naive reduction over all ranks.
func reduced<T: Number>(_ op: Reduction, ranks: Int, _ count: Int) -> [T] {
    (0..<count).map { index in
        (1..<ranks).reduce(value(0, index)) { sofar, rank in
            let next: T = value(rank, index)
            return switch op {
            case .sum: sofar + next
            case .max: max(sofar, next)
            case .min: min(sofar, next)
            }
        }
    }
}

/// Fewer things than ranks, none at all, and what no rank count divides.
let unitCounts = [0, 1, 3, 17, 1000]

func checkCollectives(_ world: Communicator) throws { try checkAllTypes(world, unitCounts) }

/// The same with counts that one MPI call cannot take.
func checkCollectivesInPieces(_ world: Communicator) throws {
    for limit in [1, 3, 16] {
        world.largestCount = limit
        try checkAllTypes(world, unitCounts.filter { $0 < 100 })
    }
}

private func checkAllTypes(_ world: Communicator, _ unitCounts: [Int]) throws {
    try checkType(Float.self, world, unitCounts)
    try checkType(Double.self, world, unitCounts)
    try checkType(Int32.self, world, unitCounts)
    try checkType(Int64.self, world, unitCounts)
    try checkType(UInt8.self, world, unitCounts)
    try world.barrier()
}

private func checkType<T: Number>(_: T.Type, _ world: Communicator, _ unitCounts: [Int]) throws {
    for units in unitCounts {
        try checkAllReduce(T.self, world, units)
        try checkBroadcast(T.self, world, units)
        for valuesPerUnit in [1, 4] where units * valuesPerUnit < 2000 {
            let shares = Cut(units, into: world.size).scaled(by: valuesPerUnit)
            try checkAllGather(T.self, world, shares)
            try checkReduceScatter(T.self, world, shares)
        }
    }
}

private func checkAllReduce<T: Number>(_: T.Type, _ world: Communicator, _ count: Int) throws {
    let own: [T] = values(of: world.rank, count)
    for op in [Reduction.sum, .max, .min] {
        let expected: [T] = reduced(op, ranks: world.size, count)
        var inPlace = own
        try inPlace.withUnsafeMutableBufferPointer { try world.allReduce(inPlace: $0, op) }
        try expectEqual(inPlace, expected, "allReduce in place, \(T.self), \(op)")
        var target = [T](repeating: 0, count: count)
        try own.withUnsafeBufferPointer { source in
            try target.withUnsafeMutableBufferPointer { try world.allReduce(source, into: $0, op) }
        }
        try expectEqual(target, expected, "allReduce, \(T.self), \(op)")
        if count > 0 {
            try expectEqual(try world.allReduce(own[0], op), expected[0], "allReduce of one value, \(T.self), \(op)")
        }
    }
}

private func checkBroadcast<T: Number>(_: T.Type, _ world: Communicator, _ count: Int) throws {
    for root in 0..<world.size {
        var buffer: [T] = values(of: world.rank, count)
        try buffer.withUnsafeMutableBufferPointer { try world.broadcast($0, from: root) }
        try expectEqual(buffer, values(of: root, count), "broadcast from \(root), \(T.self)")
    }
}

private func checkAllGather<T: Number>(_: T.Type, _ world: Communicator, _ shares: Cut) throws {
    let expected: [T] = (0..<shares.total).map { value(shares.owner(of: $0), $0) }
    let own = Array(expected[shares[world.rank]])
    var inPlace = [T](repeating: 0, count: shares.total)
    inPlace.replaceSubrange(shares[world.rank], with: own)
    try inPlace.withUnsafeMutableBufferPointer { try world.allGather(inPlace: $0, shares: shares) }
    try expectEqual(inPlace, expected, "allGather in place, \(T.self), \(shares)")
    var target = [T](repeating: 0, count: shares.total)
    try own.withUnsafeBufferPointer { share in
        try target.withUnsafeMutableBufferPointer { try world.allGather(share, into: $0, shares: shares) }
    }
    try expectEqual(target, expected, "allGather, \(T.self), \(shares)")
}

private func checkReduceScatter<T: Number>(_: T.Type, _ world: Communicator, _ shares: Cut) throws {
    let sum: [T] = reduced(.sum, ranks: world.size, shares.total)
    let expected = Array(sum[shares[world.rank]])
    let source: [T] = values(of: world.rank, shares.total)
    var share = [T](repeating: 0, count: expected.count)
    try source.withUnsafeBufferPointer { source in
        try share.withUnsafeMutableBufferPointer { try world.reduceScatter(source, into: $0, shares: shares) }
    }
    try expectEqual(share, expected, "reduceScatter, \(T.self), \(shares)")
    var inPlace = source
    try inPlace.withUnsafeMutableBufferPointer { try world.reduceScatter(inPlace: $0, shares: shares) }
    try expectEqual(Array(inPlace[shares[world.rank]]), expected, "reduceScatter in place, \(T.self), \(shares)")
    // the two halves of an exchange
    try inPlace.withUnsafeMutableBufferPointer { try world.allGather(inPlace: $0, shares: shares) }
    try expectEqual(inPlace, sum, "reduceScatter and allGather, \(T.self), \(shares)")
}
