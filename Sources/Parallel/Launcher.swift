import Glibc

/// What the launcher that started this process said about the job, read from the environment it left.
///
/// Read before MPI_Init, which adds variables of its own.
struct Launcher {
    /// The launcher and the variable that speaks for it.
    let name: String
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
            self.processes = processes
            self.rank = Self.number(launcher.rank)
            return
        }
        return nil
    }

    private static func number(_ variable: String) -> Int? {
        getenv(variable).flatMap { Int(String(cString: $0)) }
    }
}

/// N processes that a launcher started and that all believe to be rank 0 of 1.
struct LaunchMismatch: ExitCoded, CustomStringConvertible {
    let launcher: Launcher
    let library: String
    let exitCode: Int32 = 64

    var description: String {
        "\(launcher.name) started \(launcher.processes) processes, but each is rank 0 of 1 in the MPI library linked here,"
            + " \(library): start the job with the launcher of that library (srun: --mpi=pmix), or build against the launcher's"
    }
}
