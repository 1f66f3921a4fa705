import Glibc

/// What the launcher that started this process said about the job, read from the environment it left.
///
/// Read before MPI_Init, which adds variables of its own.
struct Launcher {
    /// The launcher and the variable that speaks for it.
    let name: String
    /// The variable's name.
    let variable: String
    /// Processes that it started.
    let processes: Int
    /// This process among them, if it says.
    let rank: Int?

    /// nil where no launcher is known, as for one process started by hand, also inside a batch script: SLURM_NTASKS
    /// is set there, SLURM_STEP_NUM_TASKS only by srun. Under Slurm mpirun's processes have both their own
    /// variables and those of the srun that started mpirun's daemons, so mpirun's are asked first.
    init?() {
        let known: [(size: String, rank: String, name: String)] = [
            ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "Open MPI's mpirun"),
            ("PMI_SIZE", "PMI_RANK", "a PMI launcher (MPICH's mpiexec, srun --mpi=pmi2)"),
            ("MPI_LOCALNRANKS", "MPI_LOCALRANKID", "MPICH's mpiexec"),
            ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "srun"),
        ]
        for launcher in known {
            guard let processes = Self.number(launcher.size) else { continue }
            self.name = "\(launcher.name) (\(launcher.size)=\(processes))"
            self.variable = launcher.size
            self.processes = processes
            self.rank = Self.number(launcher.rank)
            return
        }
        return nil
    }

    /// Whether the launcher's variables are those of a shell that this process was typed in: inside of an srun step of
    /// several tasks (`srun -n4 --pty bash`), or in one that has outlived its step. MPI would wait for the other tasks.
    ///
    /// The leader of its process group is then a child of an interactive shell: one without a script or a command.
    var isOfShell: Bool {
        guard variable == "SLURM_STEP_NUM_TASKS", processes > 1 else { return false }
        let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { return false }
        close(terminal)
        guard let status = Self.text("/proc/\(getpgrp())/stat"), let end = status.lastIndex(of: ")") else {
            return false
        }
        let parent = status[end...].split(separator: " ").dropFirst(2).first.map(String.init) ?? ""
        guard let words = Self.text("/proc/\(parent)/cmdline")?.split(separator: "\0"), let program = words.first else {
            return false
        }
        return program.hasSuffix("sh") && words.dropFirst().allSatisfy { $0.hasPrefix("-") && $0 != "-c" }
    }

    /// Whether srun started this process.
    var isStep: Bool { variable == "SLURM_STEP_NUM_TASKS" }

    /// The socket on which MPICH's mpiexec listens to this process; nil where it was not started by one. Under srun
    /// other words are spoken there.
    static var managerLine: Int32? {
        var status = stat()
        guard getenv("SLURM_STEP_NUM_TASKS") == nil, let line = number("PMI_FD").flatMap({ Int32(exactly: $0) }),
            fstat(line, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK
        else { return nil }
        return line
    }

    /// Has MPICH's mpiexec end all ranks where MPI itself cannot be called, as before MPI_Init: then it takes no notice
    /// of a process that leaves, and the others would wait for it. The words are those of PMI 1.
    static func endAll(over line: Int32, code: Int32) {
        var words = "cmd=abort exitcode=\(code)\n"
        words.withUTF8 { _ = send(line, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Takes the variables of Slurm and of PMIx from the environment, so that this process starts as one by itself.
    static func forget() {
        var names: [String] = []
        var entry = environ
        while let word = entry.pointee {
            let name = String(cString: word).prefix { $0 != "=" }
            if ["SLURM_", "PMIX_", "PMI_"].contains(where: name.hasPrefix) { names.append(String(name)) }
            entry += 1
        }
        for name in names { unsetenv(name) }
    }

    private static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 1) { buffer in
            let count = read(file, buffer.baseAddress!, buffer.count)
            return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    private static func number(_ variable: String) -> Int? {
        getenv(variable).flatMap { Int(String(cString: $0)) }
    }
}

/// A process typed in a shell of an srun step of several tasks.
struct ShellOfStep: ExitCoded, CustomStringConvertible {
    let launcher: Launcher
    let exitCode: Int32 = 64

    var description: String {
        "\(launcher.variable)=\(launcher.processes): expected to be started by srun "
            + "as one of \(launcher.processes) tasks, "
            + "found a shell of one task: start the job itself with srun, or one process with 'mpirun -n 1' "
            + "(in a new shell where that step is over)"
    }
}

/// N processes that a launcher started and that all believe to be rank 0 of 1.
struct LaunchMismatch: ExitCoded, CustomStringConvertible {
    let launcher: Launcher
    let library: String
    let exitCode: Int32 = 64

    var description: String {
        "\(launcher.name) started \(launcher.processes) processes, but each is rank 0 of 1 in the MPI library "
            + "linked here, \(library): start the job with the launcher of that library (srun: --mpi=pmix), "
            + "or build against the launcher's"
    }
}
