import Foundation
import JobSupport
import Parallel

let options = parseOptions(ReportOptions.self)
do {
    try runReport(options)
} catch {
    say("\(error)")
    exit((error as? any ExitCoded)?.exitCode ?? 1)
}
