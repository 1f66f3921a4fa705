import Foundation
import Parallel
import Storage

/// Throws, and says when: tests count from then how long the end of the job takes.
private func fail() throws -> Never {
    print("throws at \(Date().timeIntervalSince1970)")
    fflush(nil)
    throw BadData(description: "the disk\nis gone")
}

/// The last rank throws while the others are inside a collective; it holds a communicator that the throw frees.
func throwWhileOthersWait(_ world: Communicator) throws {
    let copy = try world.duplicate()
    if world.rank == world.size - 1 { try fail() }
    _ = try copy.allReduce(Float(1))
}

/// The last rank throws with messages under way that the others wait for.
func throwInMessages(_ world: Communicator) throws {
    try exchange(world) { if world.rank == world.size - 1 { try fail() } }
    try world.barrier()
}

/// All ranks exchange messages, and once more after `body`, which runs while the first are under way. Where it throws,
/// their memory stays, as `Messages` asks: the others read it, and MPICH's ends with a trace of its own if they cannot.
private func exchange(_ world: Communicator, _ body: () throws -> Void) throws {
    let messages = Messages(world), parts = Parts<Float>(counts: [Int](repeating: 100_000, count: world.size))
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: parts.total)
    buffer.initialize(repeating: 1)
    messages.allGather(inPlace: buffer, parts)
    try body()
    messages.finish()
    messages.allGather(inPlace: buffer, parts)
    messages.finish()
    buffer.deallocate()
}

/// Nobody waits, but nobody agreed either.
func throwEverywhere(_: Communicator) throws { throw BadData(description: "the disk is gone") }

/// Only the last rank fails; all leave together.
func collectiveError(_ world: Communicator) throws {
    print("rank \(world.rank) was here")
    try world.agree { if world.rank == world.size - 1 { throw BadData(description: "the disk is gone") } }
}

/// The last rank is busy elsewhere for longer than the deadline.
func stall(_ world: Communicator) throws {
    try world.barrier()
    if world.rank == world.size - 1 { sleep(30) }
    try world.barrier()
}

func stallInMessages(_ world: Communicator) throws {
    try exchange(world) { if world.rank == world.size - 1 { sleep(30) } }
}

/// The last rank does not even run any more.
func stallOfAStoppedRank(_ world: Communicator) throws {
    try world.barrier()
    if world.rank == world.size - 1 { kill(getpid(), SIGSTOP) }
    _ = try world.allReduce(Float(1))
    // mpirun continues a stopped rank before it kills it, and Open MPI 4.1's crashes if that rank finalises meanwhile
    try world.barrier()
}

/// The last rank stops mpirun, and joins the others when they are about to abort: their call returns, mpirun does not.
func stallOfMpirun(_ world: Communicator) throws {
    try world.barrier()
    if world.rank == world.size - 1 {
        kill(getppid(), SIGSTOP)
        sleep(8)  // the deadline is 4 s, and who aborts waits for mpirun for 5 s more
    }
    _ = try world.allReduce(Float(1))
    try world.barrier()
}

/// Each waits for the others, in calls that do not match.
func stallOfAll(_ world: Communicator) throws {
    let copy = try world.duplicate()
    try (world.isRoot ? copy : world).barrier()
}

/// Waits of 0.6 of the deadline, so that ranks ask who is silent, in which every rank once was the one that the others
/// waited for.
func stallsThatEnd(_ world: Communicator) throws {
    for late in 0..<world.size {
        if world.rank == late { usleep(2_400_000) }
        _ = try world.allReduce(Float(1))
    }
}

/// The last rank stops at last; before, it said that it waited.
func stallAfterOthers(_ world: Communicator) throws {
    try stallsThatEnd(world)
    try stall(world)
}

/// SIGTERM comes to all ranks, or to the first alone, and the last one is busy for longer than a survivor waits for a
/// dead one: it lives, so all stop together.
func stopWithASlowRank(_ world: Communicator, signalled: (Int) -> Bool) throws {
    let pulse = Pulse(try world.duplicate())
    try world.barrier()
    if signalled(world.rank) { kill(getpid(), SIGTERM) }
    if world.rank == world.size - 1 { sleep(6) }
    let word = try pulse.exchange(Pulse.Word())
    if world.isRoot { print(word.reason ?? "nobody was told") }
}

/// A process that leaves without an error is an error.
func leaveEarly(_ world: Communicator) throws {
    if world.rank == world.size - 1 { _exit(0) }
    try world.barrier()
}

/// The last rank looks at a mapped file that has become shorter.
func lookAtAShorterFile(_ world: Communicator) throws {
    guard world.rank == world.size - 1 else { return try world.barrier() }
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("colonnade-shorter-\(getpid())").path
    try Data(count: 1 << 16).write(to: URL(fileURLWithPath: path))
    let mapped = try ByteFile(path: path).inMemory()
    try withExtendedLifetime(mapped) {
        let bytes = mapped.bytes
        guard bytes.allSatisfy({ $0 == 0 }), truncate(path, 0) == 0, unlink(path) == 0 else {
            throw BadData(description: path)
        }
        throw BadData(description: "read \(bytes[1 << 15]) behind the end of a file")
    }
}

func hello(_ world: Communicator) throws {
    print("rank \(world.rank) of \(world.size)")
}
