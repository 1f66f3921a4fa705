import Parallel
import Partition

/// Every rank gets the others' parts for it, in the order of ranks, whatever their lengths and in however many runs;
/// and all get every rank's part, while that is under way.
func checkAllToAll(_ world: Communicator) throws {
    // Parts in one run: the larger go in several messages, between hosts parts of 400 kB in those of 32 KiB, on one
    // machine parts of 2.4 MB in those of 1 MiB.
    for (limit, widths) in [(Int(Int32.max), [0, 1, 5, 100_000, 600_000]), (3, [0, 1, 5])] {
        world.largestCount = limit
        for width in widths {
            for keepsOwn in [true, false] { try check([width], keepsOwn: keepsOwn, world) }
        }
    }
    // In several, some of them empty or next to each other: a message, which is 12·600 values at most.
    world.largestCount = Int(Int32.max)
    for widths in [[1, 0, 5], [100, 200, 300], [600, 1200, 1800]] { try check(widths, keepsOwn: false, world) }

    // Behind 2³¹ values, which is more than MPI's integers count; memory that nobody touches costs nothing.
    let far = 1 << 31,
        runs = (0..<world.size).map { [far + 3 * $0..<far + 3 * $0 + 2, far + 100 + $0..<far + 101 + $0] }
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: far + 200), messages = Messages(world)
    defer { buffer.deallocate() }
    for place in runs[world.rank].joined() { buffer[place] = UInt8(world.rank) }
    messages.allGather(inPlace: buffer, Parts(runs))
    messages.finish()
    for (rank, ofRank) in runs.enumerated() {
        for place in ofRank.joined() { try expectEqual(buffer[place], UInt8(rank), "a value of rank \(rank)") }
    }
}

/// Blocks one after another, each of which has (q mod 3)·width values of every rank q, so some have none.
private func check(_ widths: [Int], keepsOwn: Bool, _ world: Communicator) throws {
    var runs = [[Range<Int>]](repeating: [], count: world.size), total = 0
    for width in widths {
        for rank in runs.indices {
            runs[rank].append(total..<total + rank % 3 * width)
            total = runs[rank].last!.upperBound
        }
    }
    func part(_ rank: Int, of buffer: [Int32]) -> [Int32] { runs[rank].flatMap { buffer[$0] } }
    let source: [Int32] = values(of: world.rank, total), own = part(world.rank, of: source).count
    let sent = Parts<Int32>(runs),
        received = Parts<Int32>(counts: runs.indices.map { $0 == world.rank && !keepsOwn ? 0 : own })
    var target = [Int32](repeating: -1, count: received.total)
    var gathered = [Int32](repeating: -1, count: total)
    for run in runs[world.rank] { gathered.replaceSubrange(run, with: source[run]) }
    let before = world.traffic, first = Messages(world), second = Messages(world)
    source.withUnsafeBufferPointer { source in
        target.withUnsafeMutableBufferPointer { target in
            gathered.withUnsafeMutableBufferPointer { gathered in
                first.allToAll(source, sent, into: target, received)
                first.progress()
                second.allGather(inPlace: gathered, sent)
                second.finish()
                first.progress()
                first.finish()
            }
        }
    }
    let expected = runs.indices.filter { $0 != world.rank || keepsOwn }.flatMap {
        part(world.rank, of: values(of: $0, total))
    }
    try expectEqual(target, expected, "\(widths) values for each third rank")
    for rank in runs.indices {
        try expectEqual(
            part(rank, of: gathered), part(rank, of: values(of: rank, total)),
            "the part of rank \(rank), \(widths) values for each third")
    }
    let count = (world.traffic - before).allToAll
    try expectEqual(count.wireBytes, 4 * (total - own), "bytes on the wire")
    try expectEqual(count.payloadBytes, 4 * total, "bytes contributed")
}

/// Sums of whole numbers are exact, so the ring's are those of MPI; and a part is summed in the order of ranks from its
/// own on.
func checkRing(_ world: Communicator) throws {
    // One segment holds 8,192 values: parts of none, of a part of one, of several.
    for count in [0, 1, 2, 3, 1000, 16_384, 300_001] {
        let ring = Ring(world, count: count)
        for _ in 0..<2 {
            var buffer: [Float] = values(of: world.rank, count)
            let before = world.traffic
            buffer.withUnsafeMutableBufferPointer { ring.allReduce(inPlace: $0) }
            let expected: [Float] = reduced(.sum, ranks: world.size, count)
            try expect(buffer == expected, "the ring's sums of \(count) values are others")
            let sent = (world.traffic - before).ring.wireBytes, busiest = try world.allReduce(Int64(sent), .max)
            try expectEqual(busiest, Int64(4 * ring.busiest), "bytes of the busiest rank")
            // Parts differ by one value at most, so the ideal is missed by 2(P−1)/P values at most.
            let ideal = 2 * Double(world.size - 1) / Double(world.size) * Double(4 * count)
            try expect(
                Double(sent) - ideal <= 8 && ideal - Double(sent) <= 8, "\(sent) bytes sent, the ideal is \(ideal)")
        }
    }

    let count = 1000, ring = Ring(world, count: count), cut = Cut(count, into: world.size)
    func number(_ rank: Int, _ index: Int) -> Float { 1 / Float(3 + (rank * 7 + index) % 89) }
    var buffer = (0..<count).map { number(world.rank, $0) }
    buffer.withUnsafeMutableBufferPointer { ring.allReduce(inPlace: $0) }
    for index in 0..<count {
        let first = cut.owner(of: index)
        let expected = (1..<world.size).reduce(number(first, index)) { $0 + number((first + $1) % world.size, index) }
        try expectEqual(buffer[index], expected, "sum \(index)")
    }
}
