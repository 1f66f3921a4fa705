import Datasets
import Parallel
import Storage

extension Dataset {
    /// Inflates the set's compressed files, once on each machine, into memory that its ranks share; where that cannot
    /// be had, once on each rank. Collective.
    ///
    /// - Returns: why not all were shared; nil where they were, or there is one rank.
    /// - Throws: `CollectiveError` for a file that is damaged; `MPIError`.
    package func inflate(on communicator: Communicator) throws -> String? {
        let files = packedFiles
        // One machine may have a file compressed, another not; and ranks may have been given different folders.
        let isSame = try communicator.haveSame([files.count])
            && (files.isEmpty || communicator.haveSame(files.map(\.size)))
        guard isSame else {
            try communicator.agree { for file in files { _ = try file.inMemory() } }
            return "ranks have different files compressed"
        }
        var reason: String?
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
                if communicator.size > 1 {
                    reason = "there is no room for it in /dev/shm, or they do not see the same one"
                }
                continue
            }
            file.adopt(ReadOnlyBytes(UnsafeRawBufferPointer(memory.bytes)) { withExtendedLifetime(memory) {} })
        }
        return reason
    }
}

extension Communicator {
    /// Whether all ranks have these numbers; all have as many. One allreduce of 16 bytes a number.
    fileprivate func haveSame(_ numbers: [Int]) throws(MPIError) -> Bool {
        // The smallest number, and minus the largest.
        var ends = numbers.flatMap { [Int64($0), -Int64($0)] }
        try ends.withUnsafeMutableBufferPointer { (ends) throws(MPIError) in try allReduce(inPlace: ends, .min) }
        return stride(from: 0, to: ends.count, by: 2).allSatisfy { ends[$0] == -ends[$0 + 1] }
    }
}
