import Parallel
import Partition

/// Bytes are those of each collective's formula, however many MPI calls an operation took.
func checkTraffic(_ world: Communicator) throws {
    for limit in [Int(Int32.max), 7] {
        world.largestCount = limit
        try checkCounts(world)
    }
}

private func checkCounts(_ world: Communicator) throws {
    let ranks = world.size
    let shares = Cut(13, into: ranks).scaled(by: 3)
    let n = shares.total
    let own = shares[world.rank].count
    let source = [Float](repeating: 1, count: n)
    var all = source
    var share = [Float](repeating: 0, count: own)
    let before = world.traffic
    try source.withUnsafeBufferPointer { source in
        try all.withUnsafeMutableBufferPointer { all in
            try share.withUnsafeMutableBufferPointer { share in
                try world.reduceScatter(source, into: share, shares: shares)
                try world.allGather(inPlace: all, shares: shares)
                try world.allReduce(inPlace: all)
                try world.broadcast(all, from: ranks - 1)
                try world.barrier()
            }
        }
    }
    let traffic = world.traffic - before
    let root = world.rank == ranks - 1
    try expectCount(traffic.reduceScatter, payload: 4 * n, wire: 4 * (n - own), "reduceScatter")
    try expectCount(traffic.allGather, payload: 4 * own, wire: 4 * (ranks - 1) * own, "allGather")
    try expectCount(traffic.allReduce, payload: 4 * n, wire: 2 * (ranks - 1) * 4 * n / ranks, "allReduce")
    try expectCount(traffic.broadcast, payload: root ? 4 * n : 0, wire: (ranks - 1) * 4 * n / ranks, "broadcast")
    try expectCount(traffic.barrier, payload: 0, wire: 0, "barrier")
    try expectEqual(traffic.total.calls, 5, "operations")
    if ranks == 1 { try expectEqual(traffic.total.wireBytes, 0, "bytes on the wire of one rank") }

    // the busiest rank of an exchange: N + (P−2)·n_max
    let exchange = traffic.reduceScatter.wireBytes + traffic.allGather.wireBytes
    let busiest = try world.allReduce(Int64(exchange), .max)
    let largest = (0..<ranks).map { shares[$0].count }.max()!
    try expectEqual(busiest, Int64(ranks == 1 ? 0 : 4 * (n + (ranks - 2) * largest)), "bytes of the busiest rank")
}

private func expectCount(_ count: Traffic.Count, payload: Int, wire: Int, _ what: String) throws {
    try expectEqual(count.calls, 1, "\(what): operations")
    try expectEqual(count.payloadBytes, payload, "\(what): bytes contributed")
    try expectEqual(count.wireBytes, wire, "\(what): bytes on the wire")
}
