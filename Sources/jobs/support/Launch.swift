import ArgumentParser
import DataParallel
import Datasets
import Foundation
import LinearAlgebra
import Parallel
import Runs

/// Parses a job's options before MPI starts. Help and mistakes are printed by one process of a launch only; the exit
/// code is that of all: 0 for help, 64 for a wrong option.
public func parseOptions<Job: ParsableCommand>(_ job: Job.Type) -> Job {
    prepareStreams()
    do {
        try refuseOtherEncodings()
        // not parseAsRoot, which answers --help with a command of another type
        return try job.parse()
    } catch {
        leave(job, error)
    }
}

/// The same for a job of several commands: parses, then runs the one that was named.
public func runCommand<Job: ParsableCommand>(of job: Job.Type) {
    prepareStreams()
    do {
        try refuseOtherEncodings()
        var command = try job.parseAsRoot()
        try command.run()
        // What comes as far as this is one process, whose output is what it was run for.
        if let reason = StandardStreams.outputFailure() {
            throw TrainingError("standard output cannot be written (\(reason)): what was printed is not complete")
        }
    } catch let error where error is any ExitCoded || error is TrainingError {
        // What one process finds by itself, such as a damaged table: the ranks of a job leave by Parallel.run.
        StandardStreams.complain("\(job.configuration.commandName ?? ""): \(error)")
        exit(exitCode(of: error))
    } catch {
        leave(job, error)
    }
}

/// Runs a job on all ranks, and never returns: takes what the libraries need, starts MPI, refuses ranks with other
/// options.
///
/// - Parameters:
///   - threads: BLAS threads of a rank.
///   - stallAfter: seconds that one MPI call may take.
///   - isDryRun: whether one process may run in a shell of several tasks.
///   - body: the job on one rank.
public func runJob(
    _ name: String, threads: Int, stallAfter: Double, isDryRun: Bool = false, _ body: (Communicator) throws -> Void
) -> Never {
    let take = { try takeLibraryResources(threads: threads) }
    Parallel.run(job: name, stallAfter: stallAfter, isAlone: isDryRun, preparing: take) { world in
        try checkSameOptions([name] + CommandLine.arguments.dropFirst(), on: world)
        try body(world)
    }
}

/// Lets a write to a closed pipe, or beyond the limit of a file's size, fail with an error that is told, instead of
/// ending the process.
private func prepareStreams() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    // Where one of the three was closed by the caller, the next file that is opened would take its place, and be
    // printed to.
    for stream: Int32 in 0...2 where fcntl(stream, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
}

/// Refuses words that are not UTF-8: as text they would name other files than were meant.
private func refuseOtherEncodings() throws {
    var places = UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc)).dropFirst()
        .compactMap(\.self)
        .map { (name: "the command line", word: $0) }
    for name: String in ["COLONNADE_DATA", "TMPDIR"] {
        if let word = getenv(name) { places.append((name, word)) }
    }
    for (name, word) in places where String(validatingCString: word) == nil {
        let bytes = UnsafeRawBufferPointer(start: word, count: strlen(word))
        let shown = bytes.map { (0x20..<0x7f).contains($0) ? String(UnicodeScalar($0)) : "\\x" + String($0, radix: 16) }
            .joined()
        throw ValidationError(
            "\(name): expected text in UTF-8, found '\(shown)': rename the file or folder, or reach it by a link")
    }
}

private func leave<Job: ParsableCommand>(_ job: Job.Type, _ error: any Error) -> Never {
    if let rank = Parallel.launchedRank {
        if job.exitCode(for: error) != .success {
            // The launcher ends all when one ends with an error. All must have come as far as this line, to leave with
            // one code, and the one that speaks must be first.
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
