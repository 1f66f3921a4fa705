import ArgumentParser
import Runs

/// The command line of the job `report`.
struct ReportOptions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Make tables, curves and a page from the run directories of a job on one data set.",
        discussion: """
            Writes runs.csv, summary.csv, summary.md, error-proportion.png, error-learned.png, training.png and \
            report.html, a page
            of its own; with --scaling scaling.md, speedup.csv, forecast.csv, cross-validation.csv, curves and
            scaling.html.
            gnuplot draws the curves; where it is not installed, fails, or takes longer than 30 seconds for one, all
            else is written, one line says so, and the exit code is 0.
            One process: not for mpirun. Runs that are not finished, and folders without a run, are left out and
            counted.
            Exit codes: 0 done, 1 failed, 64 wrong options, folders without a run, or runs that cannot be compared, 65 \
            a damaged run, or
            none that is finished.
            """,
        version: RunRecord.colonnade)

    @Option(help: ArgumentHelp("Where the report goes.", valueName: "dir"))
    var out = "runs/report"
    @Option(help: ArgumentHelp("Title of the page. (default: the job and the data set)", valueName: "text"))
    var title: String?
    @Option(
        help: ArgumentHelp(
            "Report on this table of 'scaling run' instead: speedup, efficiency, a cost model and its forecast.",
            valueName: "file"))
    var scaling: String?
    @Argument(help: ArgumentHelp("Run directories, or folders of run directories.", valueName: "dir"))
    var folders: [String] = []

    func validate() throws {
        if out.isEmpty { throw ValidationError("--out: expected a folder, found an empty name") }
        if scaling == nil, folders.isEmpty {
            throw ValidationError("<dir>: expected run directories, or a table with --scaling, found none")
        }
        if scaling != nil, !folders.isEmpty {
            throw ValidationError("--scaling: expected no run directories beside it, found \(folders[0])")
        }
    }
}
