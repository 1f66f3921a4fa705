import JobSupport

let options = parseOptions(ConvnetOptions.self)
let common = options.common
runJob("convnet", threads: common.threads, stallAfter: common.stallAfter, isDryRun: common.dryRun) {
    try runConvnet(options, on: $0)
}
