import Layers
import Parallel

/// A perceptron's training steps, ready to be made: the network with its workspaces, the exchange, and the descent that uses both.
public struct MLPDescent {
    public let network: MLPNetwork
    public let exchange: any Exchange
    public let descent: StochasticDescent

    /// - Parameters:
    ///   - model: its values change with every step.
    ///   - settings: of the steps, but for their learning rate.
    ///   - paths: of every layer.
    ///   - rows: all samples, pooled where the first layer's path takes them so.
    ///   - onDivergence: what was going on, for the message.
    public init(
        _ model: MLPModel, settings: MLPSettings, learningRate: Double, paths: [ComputePath], rows: TrainingRows,
        exchange options: ExchangeOptions, onDivergence: String, communicator: Communicator
    ) {
        let gradient = model.values.zeros, expanded = options.sumsExpanded ? model.expandedGradient : nil
        let network = model.network(
            gradient: gradient, expanded: expanded, paths: paths,
            capacity: options.reduction.largestPart(of: settings.batch, ranks: communicator.size))
        self.network = network
        exchange = options.make(
            for: model.values, expanded: expanded.map { ExpandedGradient(values: $0, project: network.project) },
            communicator: communicator)
        descent = StochasticDescent(
            Classification(network, rows: rows), values: model.values, gradient: gradient, weightsPerUnit: model.weightsPerUnit,
            exchange: exchange,
            options: .init(
                seed: settings.seed, batch: settings.batch, epochs: settings.epochs, learningRate: learningRate,
                schedule: settings.schedule, rule: settings.descent),
            watched: model.buckets.last!!, onDivergence: onDivergence, communicator: communicator)
    }
}
