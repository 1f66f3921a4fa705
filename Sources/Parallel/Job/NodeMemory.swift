import Glibc
import Partition

/// Memory that the ranks of a machine share. It goes when the last of them lets go of it; a rank that is killed leaves
/// nothing behind, since nobody can find it by a name any more.
public final class NodeMemory: Sendable {
    nonisolated(unsafe) public let bytes: UnsafeMutableRawBufferPointer
    /// Whether this rank fills it for the others of its machine.
    public let fills: Bool

    fileprivate init(_ bytes: UnsafeMutableRawBufferPointer, fills: Bool) {
        self.bytes = bytes
        self.fills = fills
    }

    deinit { munmap(bytes.baseAddress, bytes.count) }
}

extension Communicator {
    /// Makes memory that the ranks of each machine share, or nothing where it cannot be had on one of them: no rank has
    /// it then. Collective: an allgather of host names and one of 4 bytes, a barrier and an allreduce.
    ///
    /// - Parameter count: bytes, at least 1, the same on every rank.
    /// - Throws: `MPIError`.
    // int shm_open(const char *name, int oflag, mode_t mode); int shm_unlink(const char *name)
    public func nodeMemory(bytes count: Int) throws(MPIError) -> NodeMemory? {
        let hosts = try hostNames(), leader = hosts.firstIndex(of: hosts[rank])!, fills = leader == rank
        var processes = [Int32](repeating: 0, count: size)
        processes[rank] = getpid()
        try processes.withUnsafeMutableBufferPointer { buffer throws(MPIError) in
            try allGather(inPlace: buffer, shares: Cut(size, into: size))
        }
        let name = "/colonnade-\(processes[leader])"
        var memory = fills ? sharedMemory(name, count, makes: true) : nil
        try barrier()
        if !fills { memory = sharedMemory(name, count, makes: false) }
        var hasIt: Int32 = memory == nil ? 0 : 1
        try withUnsafeMutablePointer(to: &hasIt) { pointer throws(MPIError) in
            try allReduce(inPlace: UnsafeMutableBufferPointer(start: pointer, count: 1), .min)
        }
        // All have mapped it, or nobody will.
        if fills { shm_unlink(name) }
        if hasIt == 0, let memory { munmap(memory.baseAddress, memory.count) }
        return hasIt == 0 ? nil : memory.map { NodeMemory($0, fills: fills) }
    }
}

private func sharedMemory(_ name: String, _ count: Int, makes: Bool) -> UnsafeMutableRawBufferPointer? {
    let flags = makes ? O_RDWR | O_CREAT | O_EXCL : O_RDWR
    let descriptor = shm_open(name, flags | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // Where there is no room, it is known now, not by a signal when a page is touched.
    guard !makes || posix_fallocate(descriptor, 0, off_t(count)) == 0 else { return nil }
    guard let start = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), start != MAP_FAILED else {
        return nil
    }
    return UnsafeMutableRawBufferPointer(start: start, count: count)
}
