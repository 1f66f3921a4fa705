import ArgumentParser
import Training

/// The command line of the job `report`.
struct ReportOptions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Make tables, curves and a page from the run directories of a job on one data set.",
        discussion: """
            Writes runs.csv, summary.csv, summary.md, error-proportion.png, error-learned.png, training.png and report.html, a page
            of its own.
            gnuplot draws the curves; where it is not installed, all else is written, one line says so, and the exit code is 0.
            One process: not for mpirun. Runs that are not finished are left out and counted.
            Exit codes: 0 done, 1 failed, 64 wrong options, folders without a run, or runs that cannot be compared, 65 a damaged run, or
            none that is finished.
            """,
        version: RunRecord.colonnade)

    @Option(help: ArgumentHelp("Where the report goes.", valueName: "dir"))
    var out = "runs/report"
    @Option(help: ArgumentHelp("Title of the page. (default: the job and the data set)", valueName: "text"))
    var title: String?
    @Argument(help: ArgumentHelp("Run directories, or folders of run directories.", valueName: "dir"))
    var folders: [String]

    func validate() throws {
        if out.isEmpty { throw ValidationError("--out: expected a folder, found an empty name") }
    }
}
