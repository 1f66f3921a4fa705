internal import CMPI
import Glibc
import Synchronization

/// The ways in which a job ends, from any thread.
enum Termination {
    private struct Identity {
        var job = ""
        var rank: Int?
        var size = 1
        var host = Termination.hostName()
        /// The thread that starts MPI.
        var main: pthread_t?
        /// MPI is up: MPI_Abort may be called by the thread that started it.
        var mainMayAbort = false
        /// MPI granted MPI_THREAD_MULTIPLE: any thread may.
        var anyThreadMayAbort = false
    }

    private static let identity = Mutex(Identity())

    /// Before MPI_Init, on the thread that starts it, with the launcher's word for the rank and the number of ranks.
    static func introduce(job: String, rank: Int?, size: Int) {
        let thread = pthread_self()
        identity.withLock { $0.job = job; $0.rank = rank; $0.size = size; $0.main = thread }
    }

    /// After MPI_Init.
    static func mpiIsUp(rank: Int, size: Int, threadMultiple: Bool) {
        identity.withLock {
            $0.rank = rank
            $0.size = size
            $0.mainMayAbort = true
            $0.anyThreadMayAbort = threadMultiple
        }
    }

    /// This rank of the world, 0 as long as nobody knows.
    static var rank: Int { identity.withLock { $0.rank ?? 0 } }

    /// One line on stderr, `JOB: message`, in one write, so that lines of several ranks do not mix.
    static func say(_ message: String) {
        var line = identity.withLock { "\($0.job): \(message)\n" }
        line.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
    }

    /// Finalises and exits; collective. A finalize that hangs is under the stall detector's deadline like any wait.
    // int MPI_Finalize(void)
    static func finish(code: Int32) -> Never {
        fflush(nil)
        // A launcher ends all ranks at the first that leaves with an error: let each leave with the code that it has.
        if code != 0 { signal(SIGTERM, SIG_IGN) }
        do {
            try perform(.finalize) {
                StallDetector.shared.askNoMore()
                return MPI_Finalize()
            }
        } catch {
            abort(error)
        }
        exit(code)
    }

    /// Ends all ranks because of an error on this one, which the others do not know of.
    static func abort(_ error: any Error) -> Never {
        abort(oneLine(error), code: exitCode(of: error))
    }

    /// Where an error can be told to nobody, MPI may still write to buffers that it would give away.
    static func orAbort<Result>(_ body: () throws(MPIError) -> Result) -> Result {
        do throws(MPIError) { return try body() } catch { abort(error) }
    }

    /// Says `JOB: rank R on HOST: message`, without the place where there is one rank, and ends all ranks. Returns to
    /// nobody, whatever MPI does: should MPI_Abort (or a full pipe) hang, this process leaves by itself after five
    /// seconds and the launcher sees a non-zero code.
    // int MPI_Abort(MPI_Comm comm, int errorcode)
    static func abort(_ message: String, code: Int32) -> Never {
        // Where there is no memory for a thread, MPI_Abort alone must do.
        _ = startThread {
            sleep(5)
            _exit(code)
        }
        let thread = pthread_self()
        let (place, mayAbort) = identity.withLock { identity in
            let alone = identity.size == 1 && identity.rank ?? 0 == 0
            return (
                alone ? "" : "rank \(identity.rank.map(String.init) ?? "?") on \(identity.host): ",
                identity.main == thread ? identity.mainMayAbort : identity.anyThreadMayAbort
            )
        }
        say("\(place)\(message)")
        fflush(nil)
        // A launcher that is told to end a job drops what it has not passed on yet: without a pause Slurm's lost every
        // third message.
        if mayAbort {
            usleep(300_000)
            _ = MPI_Abort(cmpi_comm_world().v, code)
        } else if let line = Launcher.managerLine {
            usleep(300_000)
            Launcher.endAll(over: line, code: code)
        }
        _exit(code)
    }

    /// The name of this machine.
    static func hostName() -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { name in
            name.initialize(repeating: 0)
            gethostname(name.baseAddress!, 255)
            return String(cString: name.baseAddress!)
        }
    }
}
