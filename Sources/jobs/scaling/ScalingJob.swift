import ArgumentParser
import Runs

/// The command line of the job `scaling`.
struct ScalingJob: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scaling",
        abstract: "Measure how long training steps and their exchange take on the ranks that there are.",
        discussion: """
            Runs under mpirun, srun or by hand; scripts/scaling and slurm/scaling.sh start it at one rank count after \
            the other.
            Exit codes: 0 done, 1 failed, 64 wrong options or launch, 65 bad or missing data.
            """,
        version: RunRecord.colonnade, subcommands: [RunCommand.self, BandwidthCommand.self, PlanCommand.self])
}
