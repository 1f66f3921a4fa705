import Datasets
import Parallel
import Storage

extension Dataset {
    /// Inflates the set's compressed files, once on each machine, into memory that its ranks share; where that cannot
    /// be had, once on each rank. Collective.
    ///
    /// - Returns: whether all were shared.
    /// - Throws: `CollectiveError` for a file that is damaged; `MPIError`.
    package func inflate(on communicator: Communicator) throws -> Bool {
        let files = packedFiles
        // One machine may have a file compressed, another not.
        let fewest = try communicator.allReduce(Int64(files.count), .min)
        let isSame = try communicator.allReduce(Int64(files.count), .max) == fewest
        var isShared = isSame
        guard isSame else {
            try communicator.agree { for file in files { _ = try file.inMemory() } }
            return false
        }
        for file in files {
            let memory = communicator.size > 1 ? try communicator.nodeMemory(bytes: file.size) : nil
            try communicator.agree {
                if let memory {
                    if memory.fills { try file.inflate(into: memory.bytes) }
                } else {
                    _ = try file.inMemory()
                }
            }
            guard let memory else {
                isShared = isShared && communicator.size == 1
                continue
            }
            file.adopt(ReadOnlyBytes(UnsafeRawBufferPointer(memory.bytes)) { withExtendedLifetime(memory) {} })
        }
        return isShared
    }
}
