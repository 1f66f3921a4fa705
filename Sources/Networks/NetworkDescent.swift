import DataParallel
import Datasets
import Layers
import Parallel

/// A network's training steps, ready to be made: the network with its workspaces, and the descent that uses it.
public struct NetworkDescent {
    public let network: Network
    public let descent: StochasticDescent

    /// - Parameters:
    ///   - model: its values change with every step.
    ///   - settings: the settings of the steps, but for their learning rate.
    ///   - paths: the compute path of every layer with weights.
    ///   - samples: all of them, pooled where the first layer's path takes them so.
    ///   - onDivergence: what was going on, for the message.
    ///   - timer: measures every step.
    public init(
        _ model: NetworkModel, settings: NetworkSettings, learningRate: Double, paths: [ComputePath],
        samples: any SampleSource,
        exchange options: ExchangeOptions, onDivergence: String, communicator: Communicator, timer: StepTimer
    ) {
        let gradient = model.values.zeros
        let expanded = options.sumsExpanded ? model.shape.expanded.map(LearnedValues.init) : nil
        let network = model.network(
            gradient: gradient, expanded: expanded, paths: paths,
            capacity: options.reduction.largestPart(of: settings.batch, ranks: communicator.size), timer: timer)
        self.network = network
        let exchange = options.make(
            for: model.values,
            expanded: expanded.map { ExpandedGradient(values: $0, project: network.projectGradient) },
            communicator: communicator)
        descent = StochasticDescent(
            Classification(
                network, samples: samples,
                augmentation: settings.augmentation.map { ($0, settings.network.input, settings.seed) }, timer: timer),
            values: model.values, gradient: gradient,
            weightsPerUnit: model.shape.weightsPerUnit, exchange: exchange,
            options: settings.options(learningRate: learningRate),
            watched: model.layers.last!.shape.parameter!, onDivergence: onDivergence, communicator: communicator,
            timer: timer)
    }
}

extension NetworkSettings {
    fileprivate func options(learningRate: Double) -> StochasticDescent.Options {
        StochasticDescent.Options(
            seed: seed, batch: batch, epochs: epochs, learningRate: learningRate, schedule: schedule, rule: descent)
    }

    /// The samples of the first step, of all ranks.
    func firstBatch(of samples: [Int]) -> ArraySlice<Int> {
        options(learningRate: learningRate).order(of: samples, epoch: 1).prefix(batch)
    }
}
