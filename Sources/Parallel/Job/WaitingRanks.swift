import Glibc
import Synchronization

/// The ranks that wait while this one does, found by gossip: a survivor cannot see who is gone, but the survivors can
/// count each other.
///
/// A rank that has waited for long tells its neighbours, round after round, which ranks it knows to wait: itself and
/// those that its neighbours told of. Words of an earlier stall are thrown away when one begins; who still waits says
/// so again.
///
/// Costs at launch one allgather of 64 bytes a rank and what `Neighbours` cost; in a stall, messages of P/8 bytes.
final class WaitingRanks: Sendable {
    private let rank: Int
    private let hosts: [String]
    /// The ranks known to wait, one bit each. Has a lock of its own, so that its reader need not wait for MPI.
    private let waiting: Mutex<[UInt64]>
    /// nil once MPI is about to end.
    private let neighbours: Mutex<Neighbours?>
    private let isUnderWay = Atomic(false)
    private let launcherGuard = Mutex<LauncherGuard?>(nil)

    /// Collective; all ranks of the world. Needs MPI_THREAD_MULTIPLE.
    init(_ world: Communicator) throws(MPIError) {
        let communicator = try world.duplicate()
        let words = (world.size + 63) / 64
        rank = world.rank
        hosts = try communicator.hostNames()
        waiting = Mutex([UInt64](repeating: 0, count: words))
        neighbours = Mutex(try Neighbours(communicator, words: words))
    }

    /// Talks on a thread of its own until `isStuck` says no, a round a period; if it does so already, nothing happens.
    /// Should MPI hang in there, the stall detector does not.
    func start(every period: Double, while isStuck: @escaping @Sendable () -> Bool) {
        let (isFirst, _) = isUnderWay.compareExchange(expected: false, desired: true, ordering: .sequentiallyConsistent)
        guard isFirst else { return }
        let failure = startThread {
            self.launcherGuard.withLock { $0 = LauncherGuard() }
            self.begin()
            while isStuck(), self.round() { usleep(UInt32(period * 1e6)) }
            self.cancelGuard()
            self.isUnderWay.store(false, ordering: .sequentiallyConsistent)
        }
        // Without a thread nobody is asked, and the stall detector says so.
        if failure != 0 { isUnderWay.store(false, ordering: .sequentiallyConsistent) }
    }

    private func begin() {
        neighbours.withLock { $0?.receive { _ in } }
        waiting.withLock { waiting in
            for word in waiting.indices { waiting[word] = 0 }
            waiting[rank / 64] = 1 << UInt64(rank % 64)
        }
    }

    /// false when MPI is about to end.
    private func round() -> Bool {
        neighbours.withLock { neighbours in
            guard let neighbours else { return false }
            var known = waiting.withLock { $0 }
            neighbours.receive { for word in known.indices { known[word] |= $0[word] } }
            waiting.withLock { $0 = known }
            neighbours.send(known)
            return true
        }
    }

    /// Before this rank aborts: from now on the guard lasts, whatever becomes of the call. mpirun continues a stopped
    /// rank before it kills it, which may then join the call that the others waited in.
    func keepGuard() {
        launcherGuard.withLock {
            // The call may have returned a moment ago.
            if $0 == nil { _ = LauncherGuard() }
            $0 = nil
        }
    }

    /// Before MPI_Finalize. Waits for a round that is under way.
    func end() {
        neighbours.withLock { $0 = nil }
        cancelGuard()
    }

    private func cancelGuard() {
        launcherGuard.withLock {
            $0?.cancel()
            $0 = nil
        }
    }

    private var silent: [Int] {
        let waiting = waiting.withLock { $0 }
        return hosts.indices.filter { waiting[$0 / 64] >> UInt64($0 % 64) & 1 == 0 }
    }

    /// More than half of the ranks are silent: this one may be the one that is cut off.
    var hearsFew: Bool { 2 * silent.count > hosts.count }

    /// What is known so far.
    var finding: String {
        let silent = silent
        if silent.isEmpty { return "all other ranks wait, too: their calls do not match, or the deadline is too short" }
        if silent.count > 1, silent.count == hosts.count - 1 {
            return "no word from any other rank: the link of this rank may be down"
        }
        let named = silent.prefix(8).map { "rank \($0) on \(hosts[$0])" }.joined(separator: ", ")
        let more = silent.count > 8 ? " and \(silent.count - 8) more" : ""
        return "no word from \(named)\(more): \(silent.count == 1 ? "it is" : "they are") stuck or cannot be reached"
    }
}
