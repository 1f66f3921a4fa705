import JobSupport

let options = parseOptions(RICAOptions.self)
let common = options.common
runJob("rica", threads: common.threads, stallAfter: common.stallAfter, isDryRun: common.dryRun) {
    try runRICA(options, on: $0)
}
