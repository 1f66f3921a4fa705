import Synchronization

/// Which ranks have said that they are there, found by gossip: each tells its neighbours, round after round, of all
/// ranks that it has heard of, and itself.
///
/// Costs at launch one communicator, one allgather of 64 bytes a rank and what `Neighbours` cost; a round costs up to
/// 2·⌈log₂P⌉ messages of P/8 bytes.
final class RollCall: Sendable {
    private let rank: Int
    private let hosts: [String]
    /// One bit for each rank. Has a lock of its own, so that its reader need not wait for MPI.
    private let present: Mutex<[UInt64]>
    /// nil once MPI is about to end.
    private let neighbours: Mutex<Neighbours?>

    /// Collective; all ranks of the world. Needs MPI_THREAD_MULTIPLE.
    init(_ world: Communicator) throws(MPIError) {
        let communicator = try world.duplicate()
        let words = (world.size + 63) / 64
        rank = world.rank
        hosts = try communicator.hostNames()
        present = Mutex([UInt64](repeating: 0, count: words))
        neighbours = Mutex(try Neighbours(communicator, words: words))
    }

    /// Throws away what is known, and what has come since.
    func clear() {
        neighbours.withLock { $0?.receive { _ in } }
        present.withLock { present in
            for word in present.indices { present[word] = 0 }
        }
    }

    /// Hears the neighbours, and tells them what is known where this rank `speaks` or one of them did.
    ///
    /// - Returns: whether it spoke; nil when MPI is about to end.
    func round(speaks: Bool) -> Bool? {
        neighbours.withLock { neighbours in
            guard let neighbours else { return nil }
            var speaks = speaks, known = present.withLock { $0 }
            neighbours.receive {
                for word in known.indices { known[word] |= $0[word] }
                speaks = true
            }
            guard speaks else { return false }
            known[rank / 64] |= 1 << UInt64(rank % 64)
            present.withLock { $0 = known }
            neighbours.send(known)
            return true
        }
    }

    /// Before MPI_Finalize. Waits for a round that is under way.
    func end() { neighbours.withLock { $0 = nil } }

    private var silent: [Int] {
        let present = present.withLock { $0 }
        return hosts.indices.filter { $0 != rank && present[$0 / 64] >> UInt64($0 % 64) & 1 == 0 }
    }

    /// More than half of the ranks are silent: this one may be the one that is cut off.
    var hearsFew: Bool { 2 * silent.count > hosts.count }

    /// Who is silent, for people; nil: nobody.
    var finding: String? {
        let silent = silent
        if silent.isEmpty { return nil }
        if silent.count > 1, silent.count == hosts.count - 1 {
            return "no word from any other rank: the link of this rank may be down"
        }
        let named = silent.prefix(8).map { "rank \($0) on \(hosts[$0])" }.joined(separator: ", ")
        let more = silent.count > 8 ? " and \(silent.count - 8) more" : ""
        return "no word from \(named)\(more): \(silent.count == 1 ? "it is" : "they are") stuck or cannot be reached"
    }
}
