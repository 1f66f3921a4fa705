import JobSupport

let options = parseOptions(MLPOptions.self)
let common = options.common
runJob("mlp", threads: common.threads, stallAfter: common.stallAfter, isDryRun: common.dryRun) {
    try runMLP(options, on: $0)
}
