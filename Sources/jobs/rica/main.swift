import JobSupport
import Parallel

let options = parseOptions(RICAOptions.self)
Parallel.run(job: "rica", stallAfter: options.common.stallAfter) { try runRICA(options, on: $0) }
