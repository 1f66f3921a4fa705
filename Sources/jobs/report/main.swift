import Foundation
import JobSupport
import Parallel

let options = parseOptions(ReportOptions.self)
do {
    if let table = options.scaling { try reportScaling(table, options) } else { try runReport(options) }
} catch {
    say("\(error)")
    exit(exitCode(of: error))
}
