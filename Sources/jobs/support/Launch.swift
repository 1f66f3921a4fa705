import ArgumentParser
import Datasets
import Foundation
import LinearAlgebra
import Parallel
import Training

/// Parses a job's options before MPI starts. Help and mistakes are printed by one process of a launch only; the exit code is
/// that of all: 0 for help, 64 for a wrong option.
public func parseOptions<Job: ParsableCommand>(_ job: Job.Type) -> Job {
    do {
        // not parseAsRoot, which answers --help with a command of another type
        return try job.parse()
    } catch {
        leave(job, error)
    }
}

/// The same for a job of several commands: parses, then runs the one that was named.
public func runCommand<Job: ParsableCommand>(of job: Job.Type) {
    do {
        var command = try job.parseAsRoot()
        try command.run()
    } catch let error as any ExitCoded {
        // What one process finds by itself, such as a damaged table: the ranks of a job leave by Parallel.run.
        FileHandle.standardError.write(Data("\(job.configuration.commandName ?? ""): \(error)\n".utf8))
        exit(error.exitCode)
    } catch {
        leave(job, error)
    }
}

private func leave<Job: ParsableCommand>(_ job: Job.Type, _ error: any Error) -> Never {
    if let rank = Parallel.launchedRank {
        if job.exitCode(for: error) != .success {
            // The launcher ends all when one ends with an error. All must have come as far as this line, to leave with one
            // code, and the one that speaks must be first.
            signal(SIGTERM, SIG_IGN)
            sleep(rank == 0 ? 1 : 2)
        }
        if rank > 0 { exit(job.exitCode(for: error).rawValue) }
    }
    job.exit(withError: error)
}

/// The processor's abilities as the kernel lists them.
func processorFlags() -> Set<String> {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
        let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") })
    else { return [] }
    return Set(line.split(separator: " ").map(String.init))
}

/// The processors that this process may run on, as the kernel lists them, such as "0-3,8".
func affinity() -> String {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    return status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }?
        .split(separator: "\t").last.map(String.init) ?? "unknown"
}
