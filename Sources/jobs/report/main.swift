import Foundation
import JobSupport
import Parallel
import Runs

let options = parseOptions(ReportOptions.self)
do {
    defer {
        // The report itself is in files.
        if let reason = StandardStreams.outputFailure() {
            say("standard output cannot be written (\(reason)): what was printed is not complete")
        }
    }
    if let table = options.scaling { try reportScaling(table, options) } else { try runReport(options) }
} catch {
    say("\(error)")
    exit(exitCode(of: error))
}
