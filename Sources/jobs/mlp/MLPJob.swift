import JobSupport
import Parallel

/// The job on one rank.
func runMLP(_ options: MLPOptions, on world: Communicator) throws {
    let job = NetworkJob(
        name: "mlp", common: options.common, exchange: options.exchange.options, settings: options.described,
        rates: options.training.rates(options.common, MLPOptions.defaults),
        validateEvery: options.training.validateEvery)
    try job.run(on: world) { options.settings(input: $0.shape, classes: $0.classes) }
}
