import Glibc

/// The ranks that live, which are asked once SIGTERM came: srun sends it to all when one rank died, and a person or
/// Slurm sends it to ask for a stop. A rank that is slow is worth waiting for, one that died is not.
///
/// A thread listens four times a second. Once SIGTERM came, here or on a rank that asks, it answers the roll call 20
/// times a second, also while this rank computes, until the ranks have heard of the signal.
final class LivingRanks: Sendable {
    private static let period = 0.25, periodOfAnswers = 0.05
    private let call: RollCall

    /// Collective; all ranks of the world. Needs MPI_THREAD_MULTIPLE.
    init(_ world: Communicator) throws(MPIError) {
        let call = try RollCall(world)
        self.call = call
        let failure = startThread {
            while !StopSignals.isHeard, let speaks = call.round(speaks: StopSignals.isTermUnheard) {
                usleep(UInt32(1e6 * (speaks ? Self.periodOfAnswers : Self.period)))
            }
        }
        // Without a thread this rank is silent, and counts as gone.
        if failure != 0 { call.end() }
    }

    /// Before MPI_Finalize. Waits for a round that is under way.
    func end() { call.end() }

    /// Who is silent, for people; nil: nobody.
    var finding: String? { call.finding }
}
