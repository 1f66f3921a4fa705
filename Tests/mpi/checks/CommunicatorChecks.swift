import Parallel

/// Ranks know each other's hosts; duplicates work, and are freed: MPI has only so many communicators.
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

    // more than there are context ids at a time: 2048 in MPICH, 65536 in Open MPI (one rank makes them quickly)
    for _ in 0..<(world.size == 1 ? 70_000 : 3000) { _ = try world.duplicate() }
    try expectEqual(try copy.allReduce(Int32(1)), Int32(world.size), "the duplicate still works")
}

/// An error is a value with the call, the code, the class and the library's words, in every kind of communicator.
func checkErrors(_ world: Communicator) throws {
    for communicator in [world, try world.duplicate()] {
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
