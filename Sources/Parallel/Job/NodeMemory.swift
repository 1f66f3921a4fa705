import Glibc
import Partition
import Synchronization

/// Memory that the ranks of a machine share. It goes when the last of them lets go of it. Its name is taken away as
/// soon as all have it, so that a rank that is killed while it is used leaves nothing behind.
public final class NodeMemory: Sendable {
    nonisolated(unsafe) public let bytes: UnsafeMutableRawBufferPointer
    /// This rank's number among those of its machine, and how many they are.
    public let place: Int
    public let ranks: Int
    /// Whether this rank fills it for the others of its machine, where one does.
    public var fills: Bool { place == 0 }

    /// The calls so far, the same number on every rank.
    private static let calls = Mutex(0)
    fileprivate static func next() -> Int {
        calls.withLock { calls in
            calls += 1
            return calls
        }
    }

    fileprivate init(_ bytes: UnsafeMutableRawBufferPointer, place: Int, ranks: Int) {
        self.bytes = bytes
        self.place = place
        self.ranks = ranks
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
        let hosts = try hostNames(), leader = hosts.firstIndex(of: hosts[rank])!
        let place = hosts[..<rank].count { $0 == hosts[rank] }, ranks = hosts.count { $0 == hosts[rank] }
        let fills = place == 0
        var processes = [Int32](repeating: 0, count: size)
        processes[rank] = getpid()
        try processes.withUnsafeMutableBufferPointer { buffer throws(MPIError) in
            try allGather(inPlace: buffer, shares: Cut(size, into: size))
        }
        // A name of its own in every call: one that a killed job left is not in the way.
        let name = "/colonnade-\(processes[leader])-\(NodeMemory.next())"
        let made = fills ? sharedMemory(name, count, makes: true) : nil
        try barrier()
        let memory = fills ? made : sharedMemory(name, count, makes: false)
        var hasIt: Int32 = memory == nil ? 0 : 1
        try withUnsafeMutablePointer(to: &hasIt) { pointer throws(MPIError) in
            try allReduce(inPlace: UnsafeMutableBufferPointer(start: pointer, count: 1), .min)
        }
        if made != nil { shm_unlink(name) }
        // All have mapped it, or nobody has it.
        if hasIt == 0, let memory { munmap(memory.baseAddress, memory.count) }
        return hasIt == 0 ? nil : memory.map { NodeMemory($0, place: place, ranks: ranks) }
    }
}

private func sharedMemory(_ name: String, _ count: Int, makes: Bool) -> UnsafeMutableRawBufferPointer? {
    let flags = makes ? O_RDWR | O_CREAT | O_EXCL : O_RDWR
    let descriptor = shm_open(name, flags | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // Where there is no room, it is known now, not by a signal when a page is touched.
    if makes, !hasRoom(descriptor, count) || posix_fallocate(descriptor, 0, off_t(count)) != 0 {
        shm_unlink(name)
        return nil
    }
    guard let start = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), start != MAP_FAILED else {
        if makes { shm_unlink(name) }
        return nil
    }
    return UnsafeMutableRawBufferPointer(start: start, count: count)
}

/// Whether so many bytes leave a quarter of the place to others: MPI has segments there that it fills later.
// int fstatvfs(int fd, struct statvfs *buf)
private func hasRoom(_ descriptor: Int32, _ count: Int) -> Bool {
    var place = statvfs()
    guard fstatvfs(descriptor, &place) == 0 else { return true }
    let free = Int(place.f_bavail) * Int(place.f_frsize), all = Int(place.f_blocks) * Int(place.f_frsize)
    // A file system without a size has no blocks to count.
    return all == 0 || free - all / 4 >= count
}
