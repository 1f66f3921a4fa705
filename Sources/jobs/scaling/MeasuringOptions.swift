import ArgumentParser
import JobSupport
import Scaling

/// The options of all commands that measure.
struct MeasuringOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Your name for the network between the ranks, such as 1gbit, which tells rows of the table apart.",
            valueName: "name"))
    var link = "local"
    @Option(
        help: ArgumentHelp(
            "Table that the rows go to; those of other rank counts and links stay. (default: runs/scaling/scaling.csv; "
                + "bandwidth: runs/scaling/bandwidth.csv)",
            valueName: "file"))
    var csv: String?
    @Option(help: ArgumentHelp("BLAS threads of a rank.", valueName: "n"))
    var threads = 1
    @Option(help: ArgumentHelp("End the job when one MPI call waits longer than this many seconds.", valueName: "s"))
    var stallAfter = 300.0

    func validate() throws {
        try check(link, "--link", "1 to 64 letters, digits, dots, hyphens and underscores") {
            ScalingTable.isName($0, atMost: 64)
        }
        if csv?.isEmpty == true { throw ValidationError("--csv: expected a file, found an empty name") }
        try check(threads, "--threads", "1 to 1024") { (1...1024).contains($0) }
        try check(stallAfter, "--stall-after", "seconds above 0") { $0 > 0 }
    }
}
