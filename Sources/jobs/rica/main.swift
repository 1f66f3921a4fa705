import JobSupport

let options = parseOptions(RICAOptions.self)
runJob("rica", threads: options.common.threads, stallAfter: options.common.stallAfter) { try runRICA(options, on: $0) }
