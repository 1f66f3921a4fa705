import JobSupport
import Parallel

/// The job on one rank.
func runConvnet(_ options: ConvnetOptions, on world: Communicator) throws {
    let job = NetworkJob(
        name: "convnet", common: options.common, exchange: options.exchange.options, settings: options.described,
        rates: options.training.rates(options.common, ConvnetOptions.defaults),
        validateEvery: options.training.validateEvery)
    try job.run(on: world) { try options.settings(input: $0.shape, classes: $0.classes) }
}
