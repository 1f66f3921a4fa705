import Foundation
import JobSupport
import Parallel

let options = parseOptions(ReportOptions.self)
do {
    try runReport(options)
} catch {
    say("\(error)")
    exit(exitCode(of: error))
}
