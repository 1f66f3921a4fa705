import Parallel

/// Ranks know each other's hosts; duplicates and parts work, and are freed: MPI has only so many communicators.
func checkCommunicators(_ world: Communicator) throws {
    try expectEqual(world.isRoot, world.rank == 0, "the root")
    try expect(!world.hostName.isEmpty, "a host has a name")
    let names = try world.hostNames()
    try expect(!names.contains(""), "every rank's host: \(names)")
    try expectEqual(names[world.rank], world.hostName, "this rank's among them")
    let bytes = try world.allGather([UInt8(world.rank), 7])
    try expectEqual(bytes, (0..<world.size).map { [UInt8($0), 7] }, "bytes of every rank, in order")
    try expect(Parallel.libraryVersion.contains("MP"), "the library says its name: \(Parallel.libraryVersion)")

    let copy = try world.duplicate()
    try expectEqual([copy.rank, copy.size], [world.rank, world.size], "a duplicate")
    try expectEqual(copy.traffic, Traffic(), "a duplicate counts its own traffic")

    let parity = world.rank % 2
    let half = try world.split(color: parity, key: -world.rank)
    let members = (0..<world.size).filter { $0 % 2 == parity }
    try expectEqual(half.size, members.count, "ranks of one parity")
    try expectEqual(half.rank, members.reversed().firstIndex(of: world.rank)!, "ordered by key")
    try expectEqual(try half.allReduce(Int64(world.rank)), Int64(members.reduce(0, +)), "a sum over one parity")

    // more than there are context ids at a time: 2048 in MPICH, 65536 in Open MPI (one rank makes them quickly)
    for _ in 0..<(world.size == 1 ? 70_000 : 3000) { _ = try world.duplicate() }
    try expectEqual(try copy.allReduce(Int32(1)), Int32(world.size), "the duplicate still works")
}

/// An error is a value with the call, the code, the class and the library's words, in every kind of communicator.
func checkErrors(_ world: Communicator) throws {
    for communicator in [world, try world.duplicate(), try world.split(color: 0)] {
        var buffer: [Float] = [1]
        do {
            try buffer.withUnsafeMutableBufferPointer { try communicator.broadcast($0, from: world.size + 4) }
            throw CheckFailure(description: "a broadcast from a rank that does not exist went through")
        } catch let error as MPIError {
            try expectEqual(error.call, "MPI_Bcast", "the call of \(error)")
            try expect(error.code != 0 && error.errorClass != 0, "code and class of \(error)")
            try expect(error.text.contains("root"), "the words of \(error)")
        }
    }
    try expectEqual(try world.allReduce(Int32(1)), Int32(world.size), "ranks still talk after an error")
}
