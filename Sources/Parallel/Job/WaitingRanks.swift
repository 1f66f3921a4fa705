import Glibc
import Synchronization

/// The ranks that wait while this one does: a survivor cannot see who is gone, but the survivors can count each other.
///
/// A rank that has waited for long answers the roll call. Words of an earlier stall are thrown away when one begins;
/// who still waits says so again.
final class WaitingRanks: Sendable {
    private let call: RollCall
    private let isUnderWay = Atomic(false)
    private let launcherGuard = Mutex<LauncherGuard?>(nil)

    /// Collective; all ranks of the world. Needs MPI_THREAD_MULTIPLE.
    init(_ world: Communicator) throws(MPIError) { call = try RollCall(world) }

    /// Talks on a thread of its own until `isStuck` says no, a round a period; if it does so already, nothing happens.
    /// Should MPI hang in there, the stall detector does not.
    func start(every period: Double, while isStuck: @escaping @Sendable () -> Bool) {
        let (isFirst, _) = isUnderWay.compareExchange(expected: false, desired: true, ordering: .sequentiallyConsistent)
        guard isFirst else { return }
        let failure = startThread {
            self.launcherGuard.withLock { $0 = LauncherGuard() }
            self.call.clear()
            while isStuck(), self.call.round(speaks: true) != nil { usleep(UInt32(period * 1e6)) }
            self.cancelGuard()
            self.isUnderWay.store(false, ordering: .sequentiallyConsistent)
        }
        // Without a thread nobody is asked, and the stall detector says so.
        if failure != 0 { isUnderWay.store(false, ordering: .sequentiallyConsistent) }
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
        call.end()
        cancelGuard()
    }

    private func cancelGuard() {
        launcherGuard.withLock {
            $0?.cancel()
            $0 = nil
        }
    }

    /// More than half of the ranks are silent: this one may be the one that is cut off.
    var hearsFew: Bool { call.hearsFew }

    /// What is known so far.
    var finding: String {
        call.finding ?? "all other ranks wait, too: their calls do not match, or the deadline is too short"
    }
}
