import Foundation
import Parallel

/// What one rank of a machine writes, the others read; nobody can find the memory by a name, so a kill leaves none.
func checkNodeMemory(_ world: Communicator) throws {
    for count in [1, 5000, 1 << 20] {
        guard let memory = try world.nodeMemory(bytes: count) else {
            throw CheckFailure(description: "no memory of \(count) bytes to share")
        }
        try expectEqual(memory.bytes.count, count, "bytes")
        try expectEqual(memory.fills, world.isRoot, "who fills it, on one machine")
        try expect(memory.place == world.rank && memory.ranks == world.size, "its place among the ranks of the machine")
        if memory.fills { for i in 0..<count { memory.bytes[i] = UInt8(truncatingIfNeeded: i &* 7) } }
        try world.barrier()
        let isRight = (0..<count).allSatisfy { memory.bytes[$0] == UInt8(truncatingIfNeeded: $0 &* 7) }
        try expect(isRight, "rank \(world.rank) reads other bytes than were written")
        var leader = [getpid()]
        try leader.withUnsafeMutableBufferPointer { try world.broadcast($0, from: 0) }
        let left = try FileManager.default.contentsOfDirectory(atPath: "/dev/shm").filter {
            $0.hasPrefix("colonnade-\(leader[0])-")
        }
        try expect(left.isEmpty, "a name is left in /dev/shm: \(left)")
        try world.barrier()
    }
    // More than any machine has: no rank gets a part of it.
    try expect(try world.nodeMemory(bytes: 1 << 50) == nil, "memory of a petabyte")
}
