import JobSupport
import Parallel

let options = parseOptions(MLPOptions.self)
Parallel.run(job: "mlp", stallAfter: options.common.stallAfter) { try runMLP(options, on: $0) }
