import Foundation
import Synchronization

/// One command, on its own or under an mpirun of its own, with a time limit. As many run at a time as there are
/// `places` for.
///
/// The test process itself never starts MPI, whose variables would spoil the mpirun of its children.
struct MPIRun {
    /// What a command left.
    struct Outcome: CustomStringConvertible {
        /// The exit code; 128 + n for signal n, as a shell says it.
        let code: Int32
        let output: String
        let error: String
        let seconds: Double
        let end: Date
        /// It did not end by itself within its limit.
        let timedOut: Bool

        var description: String {
            "code \(code) after \(String(format: "%.1f", seconds)) "
                + "s\(timedOut ? ", killed at its time limit" : "")\n\(output)\(error)"
        }
    }

    /// nil: started by hand, without mpirun.
    var ranks: Int?
    /// A product of this package (`rica`) or an absolute path.
    var command: String
    var arguments: [String] = []
    /// Added to this process's environment.
    var environment: [String: String] = [:]
    /// Seconds.
    var timeout: Double = 60
    /// Whether its ranks do little else than wait for each other, so that others may run meanwhile.
    var isIdle = false

    /// Where the jobs are: beside the test bundle, or where COLONNADE_JOBS says, as those of another MPI are.
    static let products =
        ProcessInfo.processInfo.environment["COLONNADE_JOBS"].map { URL(fileURLWithPath: $0) }
        ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()

    /// MPIRUN names another launcher than the first mpirun on the path.
    static let mpirun = find(ProcessInfo.processInfo.environment["MPIRUN"] ?? "mpirun")

    /// Tests of several ranks run where mpirun is; in CI they always do, and fail without it.
    static let enabled = mpirun != nil || ProcessInfo.processInfo.environment["CI"] == "true"

    /// Runs at the same time have three ranks a core together, since much of a start is waiting; idle ones count half.
    /// One that has more has the machine for itself.
    private static let places = 3 * ProcessInfo.processInfo.activeProcessorCount
    private static let free = DispatchSemaphore(value: places)
    /// Held by the run that takes places: two that each wait for what the other has would wait for ever.
    private static let turn = Mutex(())

    /// Waits on a thread of its own: tests have no more threads than cores, and most of their time is waiting.
    func run() async throws -> Outcome {
        let outcome = try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try self.inTurn() }) }
        }
        guard !outcome.error.contains("still allocated") else { throw MPIRunError.leak("\(outcome)") }
        return outcome
    }

    private func inTurn() throws -> Outcome {
        let taken = min(isIdle ? ((ranks ?? 1) + 1) / 2 : ranks ?? 1, Self.places)
        Self.turn.withLock { _ in
            for _ in 0..<taken { Self.free.wait() }
        }
        defer { for _ in 0..<taken { Self.free.signal() } }
        return try launch()
    }

    /// Runs at once, whatever else does.
    func launch() throws -> Outcome {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("mpirun-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // files, not pipes: a child that outlives mpirun would keep a pipe open
        let output = folder.appendingPathComponent("output")
        let error = folder.appendingPathComponent("error")
        for file in [output, error] { try Data().write(to: file) }

        let process = Process()
        let program = command.hasPrefix("/") ? command : Self.products.appendingPathComponent(command).path
        if let ranks {
            guard let mpirun = Self.mpirun else { throw MPIRunError.noMPIRun }
            process.executableURL = URL(fileURLWithPath: mpirun)
            process.arguments = Self.sharing(ranks: ranks) + ["-n", "\(ranks)", program] + arguments
        } else {
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
        }
        process.environment = Self.cleanEnvironment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: error)

        let start = Date()
        try process.run()
        let inTime = Self.wait(for: process, seconds: timeout)
        if !inTime {
            process.terminate()  // mpirun ends its ranks
            if !Self.wait(for: process, seconds: 5) { kill(process.processIdentifier, SIGKILL) }
        }
        process.waitUntilExit()
        let end = Date()
        return Outcome(
            code: process.terminationReason == .uncaughtSignal
                ? 128 + process.terminationStatus : process.terminationStatus,
            output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
            error: String(decoding: try Data(contentsOf: error), as: UTF8.self),
            seconds: end.timeIntervalSince(start), end: end, timedOut: !inTime)
    }

    private static func wait(for process: Process, seconds: Double) -> Bool {
        let end = Date(timeIntervalSinceNow: seconds)
        while process.isRunning {
            if Date() > end { return false }
            usleep(10_000)
        }
        return true
    }

    /// Ranks share cores with one another or with other runs: they must yield while they wait, or each message costs a
    /// time slice; one that has nobody to wait for need not. No binding: two runs on one machine would share their
    /// first cores.
    static func sharing(ranks: Int) -> [String] {
        guard isOpenMPI else {
            return ["-genv", "LD_PRELOAD", products.appendingPathComponent("libYieldWhenIdle.so").path]
        }
        let places = ["--oversubscribe", "--bind-to", "none"]
        return ranks > 1 ? places + ["--mca", "mpi_yield_when_idle", "1"] : places
    }

    /// A shell's condition: the process that it becomes by exec has not ended. One that nobody has waited for yet, as
    /// Hydra does not while something of the shell holds the output, has no program any more, but can be signalled.
    static let isAlive = "readlink /proc/$$/exe >/dev/null"

    /// Whether a process is this rank of Open MPI or MPICH, or by itself rank 0: a condition for bash.
    static func isRank(_ rank: Int) -> String { "[ ${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}} = \(rank) ]" }

    /// The exit code of a job of which a rank was killed: MPICH's mpiexec ends with the signal's number.
    static func codeOfKill(ranks: Int?) -> Int32 { isOpenMPI || ranks == nil ? 128 + SIGKILL : SIGKILL }

    static let isOpenMPI: Bool = {
        guard let mpirun else { return false }
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: mpirun)
        process.arguments = ["--version"]
        process.standardOutput = pipe
        guard (try? process.run()) != nil else { return false }
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.contains("Open MPI")
    }()

    /// Without what an MPI or a Slurm step above left, and with leave to run as root. Open MPI takes ob1 on one
    /// machine; told so, it does not spend 0.2 s of each start on a look for fabrics. It checks the parameters of every
    /// call, and reports handles that a job has not freed.
    private static let cleanEnvironment: [String: String] = {
        let inherited = ProcessInfo.processInfo.environment.filter { name, _ in
            !["PMIX_", "OMPI_", "PMI_", "SLURM_"].contains { name.hasPrefix($0) }
        }
        return inherited.merging([
            "OMPI_MCA_pml": "ob1", "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_mpi_param_check": "1", "OMPI_MCA_mpi_show_handle_leaks": "1", "OPENBLAS_NUM_THREADS": "1",
        ]) { $1 }
    }()

    private static func find(_ name: String) -> String? {
        if name.contains("/") { return name }
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

enum MPIRunError: Error, CustomStringConvertible {
    case noMPIRun
    case leak(String)

    var description: String {
        switch self {
        case .noMPIRun:
            "mpirun, or what MPIRUN names, is not in PATH: install Open MPI (apt install openmpi-bin); with CI=true it "
                + "is required"
        case .leak(let outcome): "expected that every MPI handle is freed, found what Open MPI reports: \(outcome)"
        }
    }
}
