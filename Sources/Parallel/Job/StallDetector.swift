import Glibc
import Synchronization

/// Ends the job when this rank has been inside one MPI call for too long.
///
/// A survivor never sees an error when a peer or a link is gone, it waits for ever: only its own clock helps. Each call
/// leaves its ticket in a slot; a thread looks a few times a deadline and adds up the seconds that it slept between
/// looks at the same ticket: no clock, so a job that Slurm suspends and resumes is not taken for stalled. Two atomic
/// operations a call, no memory. What costs more comes after half of the deadline: `WaitingRanks`, which tells who is
/// missing.
///
/// Under srun SIGTERM shortens the deadline until the ranks have heard of it, unless `LivingRanks` says that all live:
/// srun sends it to the others when a rank died, and they would wait for the dead one until Slurm kills them, 30 s
/// later as Slurm comes.
final class StallDetector: Sendable {
    static let shared = StallDetector()

    /// One slot for each thread that is inside MPI at the same time.
    private static let slotCount = 16
    /// Seconds that a call may take after SIGTERM where a rank is silent, and between two looks then.
    private static let deadlineAfterTerm = 2.0, periodAfterTerm = 0.25
    /// The low byte is the call under way, 0 for none; above it the number of calls that this slot has seen.
    private let slots = InlineArray<16, Atomic<UInt64>> { _ in Atomic(0) }
    private let waitingRanks = Mutex<WaitingRanks?>(nil)
    private let livingRanks = Mutex<LivingRanks?>(nil)

    private init() {}

    /// Takes a free slot for a call that begins now.
    @inline(__always)
    func enter(_ call: MPICall) -> Int {
        for slot in 0..<Self.slotCount {
            let free = slots[slot].load(ordering: .relaxed)
            if free & 0xff != 0 { continue }
            let ticket = (free &+ 0x100) | UInt64(call.rawValue)
            if slots[slot].compareExchange(expected: free, desired: ticket, ordering: .relaxed).exchanged {
                return slot
            }
        }
        fatalError("more than \(Self.slotCount) threads are inside MPI calls at once")
    }

    /// The call in this slot has returned.
    @inline(__always)
    func leave(_ slot: Int) {
        slots[slot].store(slots[slot].load(ordering: .relaxed) & ~0xff, ordering: .relaxed)
    }

    /// From now on a call that waits for half of the deadline makes this rank ask who else waits, and SIGTERM makes it
    /// ask who lives.
    func ask(_ waitingRanks: WaitingRanks, _ livingRanks: LivingRanks?) {
        self.waitingRanks.withLock { $0 = waitingRanks }
        self.livingRanks.withLock { $0 = livingRanks }
    }

    /// Before MPI_Finalize: from now on no call to MPI but MPI_Abort.
    func askNoMore() {
        waitingRanks.withLock { $0.take() }?.end()
        livingRanks.withLock { $0.take() }?.end()
    }

    /// Starts the thread that looks. `seconds` is how long a call may take, finite or not.
    ///
    /// - Parameter isStep: whether srun started this rank; mpirun needs no help to end the others.
    func start(deadline seconds: Double, isStep: Bool) {
        precondition(seconds > 0, "a deadline is a positive number of seconds")
        guard seconds.isFinite else { return }
        let period = min(1, seconds / 20)
        let failure = startThread { self.look(every: period, deadline: seconds, isStep: isStep) }
        guard failure == 0 else {
            Termination.abort(
                "cannot start the thread that ends a stalled job: \(String(cString: strerror(failure)))", code: 1)
        }
    }

    private func look(every period: Double, deadline: Double, isStep: Bool) -> Never {
        var tickets = [UInt64](repeating: 0, count: Self.slotCount)
        // Seconds, as many as were slept between looks that saw the same ticket.
        var waits = tickets.map { _ in 0.0 }, waitsAfterTerm = waits
        while true {
            let isTerm = isStep && StopSignals.isTermUnheard
            let slept = isTerm ? min(period, Self.periodAfterTerm) : period
            usleep(UInt32(slept * 1e6))
            for slot in 0..<Self.slotCount {
                let ticket = slots[slot].load(ordering: .relaxed)
                if ticket & 0xff == 0 || ticket != tickets[slot] {
                    tickets[slot] = ticket
                    (waits[slot], waitsAfterTerm[slot]) = (0, 0)
                    continue
                }
                waits[slot] += slept
                waitsAfterTerm[slot] = isTerm ? waitsAfterTerm[slot] + slept : 0
                let waited = waits[slot]
                guard let call = MPICall(rawValue: UInt8(truncatingIfNeeded: ticket)) else { continue }
                if waitsAfterTerm[slot] >= Self.deadlineAfterTerm, let finding = findingAfterTerm {
                    Termination.abort(
                        "SIGTERM came, and for \(Int(Self.deadlineAfterTerm)) s another rank did not join "
                            + "\(call.name): \(finding); the last checkpoint counts",
                        code: 128 + SIGTERM)
                }
                guard waited >= deadline / 2 else { continue }
                let isStuck: @Sendable () -> Bool = { self.slots[slot].load(ordering: .relaxed) == ticket }
                let waitingRanks = waitingRanks.withLock { $0 }
                waitingRanks?.start(every: period, while: isStuck)
                guard waited >= deadline else { continue }
                // Ranks that wait together find out together: as a rule the lowest speaks and ends the others in time.
                // One that is cut off knows least and speaks last.
                usleep(UInt32(min(Termination.rank, 40)) * 50_000 + (waitingRanks?.hearsFew == true ? 2_000_000 : 0))
                guard isStuck() else { continue }
                waitingRanks?.keepGuard()
                let finding =
                    waitingRanks?.finding
                    ?? "another rank is stuck or cannot be reached, or the deadline is too short"
                Termination.abort(
                    "waited \(Int(waited.rounded())) s in \(call.name), "
                        + "longer than the deadline of \(deadline) s: \(finding)",
                    code: 1)
            }
        }
    }

    /// Why no rank should be waited for any longer; nil: all live, or they have heard of SIGTERM meanwhile.
    private var findingAfterTerm: String? {
        guard StopSignals.isTermUnheard else { return nil }
        guard let livingRanks = livingRanks.withLock({ $0 }) else { return "it is gone or slow" }
        return livingRanks.finding
    }
}
