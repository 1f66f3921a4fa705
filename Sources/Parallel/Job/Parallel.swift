internal import CMPI
import Glibc

/// The launch of a job on MPI ranks.
public enum Parallel {
    /// Runs `body` on every rank, finalises and exits. The only place that starts and ends MPI; never returns.
    ///
    /// - When `body` returns on every rank: exit code 0.
    /// - When it throws a `CollectiveError`: rank 0 says it, all finalise and exit with its code.
    /// - When one rank throws anything else: it says `JOB: rank R on HOST: message` on stderr and ends all ranks at
    ///   once, since the others may wait for it in a collective. The code is the error's (`ExitCoded`), else 1.
    /// - When a call waits longer than `stallAfter` seconds, MPI_Init and MPI_Finalize included: the same, code 1.
    /// - When a launcher started several processes and each is rank 0 of 1: one line, code 64.
    /// - When a person typed it in a shell of an srun step of several tasks: one line, code 64.
    ///
    /// - Parameters:
    ///   - job: the name that begins every line on stderr.
    ///   - stallAfter: seconds that one MPI call may take; infinite for no deadline.
    ///   - isAlone: whether one process typed in such a shell runs by itself instead, as for a dry run.
    ///   - prepare: what must hold on this machine before MPI starts, such as the memory for it.
    ///   - body: gets the world. Communicators made inside must not outlive it.
    // int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
    public static func run(
        job: String, stallAfter: Double = 300, isAlone: Bool = false, preparing prepare: () throws -> Void = {},
        _ body: (Communicator) throws -> Void
    ) -> Never {
        var launcher = Launcher()
        let shell = launcher.flatMap { $0.isOfShell ? ShellOfStep(launcher: $0) : nil }
        if shell != nil {
            Launcher.forget()
            launcher = nil
        }
        Termination.introduce(job: job, rank: launcher?.rank, size: launcher?.processes ?? 1)
        if let shell, !isAlone { Termination.abort(shell) }
        do { try prepare() } catch {
            // As a rule it fails on all ranks: one speaks, and the launcher ends the others before they do.
            if let rank = launcher?.rank, rank > 0 { sleep(2) }
            Termination.abort(error)
        }
        let isStep = launcher?.isStep ?? false
        StallDetector.shared.start(deadline: stallAfter, isStep: isStep)
        let world: Communicator
        do {
            // Only one thread calls collectives. MULTIPLE lets the stall detector call MPI_Abort; where less is granted
            // it leaves with _exit and the launcher ends the others.
            var granted: Int32 = 0
            try perform(.initThread) { MPI_Init_thread(nil, nil, cmpi_thread_multiple(), &granted) }
            world = try Communicator(cmpi_comm_world(), .borrowed)
            let threadMultiple = granted >= cmpi_thread_multiple()
            Termination.mpiIsUp(rank: world.rank, size: world.size, threadMultiple: threadMultiple)
            if threadMultiple, world.size > 1 {
                StallDetector.shared.ask(try WaitingRanks(world), isStep ? try LivingRanks(world) : nil)
            }
        } catch {
            Termination.abort(error)
        }
        if let launcher, launcher.processes > 1, world.size == 1 {
            let mismatch = LaunchMismatch(launcher: launcher, library: libraryVersion)
            if (launcher.rank ?? 0) == 0 { Termination.say(oneLine(mismatch)) }
            Termination.finish(code: mismatch.exitCode)
        }
        do {
            try body(world)
        } catch {
            guard world.allKnow(of: error) else { Termination.abort(error) }
            if world.isRoot { Termination.say(oneLine(error)) }
            Termination.finish(code: exitCode(of: error))
        }
        Termination.finish(code: 0)
    }

    /// Ends all ranks because of something on this one that no error can be thrown for, such as memory that cannot be
    /// had: says `JOB: rank R on HOST: message` on stderr, exit code 1. May be called from any thread inside of `run`.
    public static func end(_ message: String) -> Never { Termination.abort(message, code: 1) }

    /// The rank that a launcher gave this process, before MPI starts; nil for one started by hand.
    public static var launchedRank: Int? { Launcher()?.rank }

    /// The linked MPI library's name and version. May be called without MPI running.
    // int MPI_Get_library_version(char *version, int *resultlen)
    public static var libraryVersion: String {
        let text = mpiText(cmpi_max_library_version()) { MPI_Get_library_version($0, $1) }
        let line = text.split(whereSeparator: \.isNewline).first ?? "an unknown MPI"
        return line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
