import JobSupport

let options = parseOptions(MLPOptions.self)
runJob("mlp", threads: options.common.threads, stallAfter: options.common.stallAfter) { try runMLP(options, on: $0) }
