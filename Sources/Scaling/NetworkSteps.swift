import DataParallel
import Layers
import LinearAlgebra
import Networks
import Parallel
import Runs

/// Measures training steps of a network as its job makes them, on whatever ranks there are. Momentum, decay and norm
/// are the job's; the rate is so small that no loss diverges.
public struct NetworkSteps {
    private let settings: MeasurementSettings
    private let network: MeasuredNetwork
    private let inputs: MeasuredInputs
    private let placement: Placement
    private let communicator: Communicator

    public init(
        _ settings: MeasurementSettings, network: MeasuredNetwork, inputs: MeasuredInputs, placement: Placement,
        communicator: Communicator
    ) {
        self.settings = settings
        self.network = network
        self.inputs = inputs
        self.placement = placement
        self.communicator = communicator
    }

    /// Measures one configuration; what it held in memory is free again afterwards. Collective.
    ///
    /// With values that are averaged every H steps, a time is the mean of H steps, of which one exchanges.
    ///
    /// - Parameters:
    ///   - learned: proportion of the weights; 1: dense layers.
    ///   - exchange: its steps between exchanges divide the steps that are measured.
    /// - Throws: `CollectiveError`, `MPIError`.
    public func measure(learned: Double, exchange options: ExchangeOptions) throws -> StepMeasurement {
        let every = options.period, batch = settings.globalBatch(ranks: communicator.size)
        precondition(settings.steps % every == 0)
        let trained = try communicator.agree { try self.trained(learned: learned, batch: batch) }
        let plan = try communicator.agree {
            try trained.check()
            return try NetworkPlan(
                trained, exchange: options, ranks: communicator.size, forced: nil, training: inputs.count)
        }
        let stage = plan.stages[0], timer = StepTimer()
        ProcessMemory.resetPeak()
        let model = try communicator.agree { try NetworkModel(trained) }
        let samples = try communicator.agree {
            try inputs.samples(pooledBy: stage.paths[0] == .reduced ? model.layers[0].weights : nil)
        }
        let descent = NetworkDescent(
            model, settings: trained, learningRate: trained.learningRate, paths: stage.paths, samples: samples,
            exchange: options, onDivergence: "a measurement", communicator: communicator, timer: timer
        ).descent

        let numbers = RandomStream(seed: trained.seed, purpose: .order).permutation(of: inputs.count)
        let batches = max(1, numbers.count / batch), order = (0..<batches * batch).map { numbers[$0 % numbers.count] }
        var times = StepTimes(capacity: settings.steps / every), before = communicator.traffic
        for number in 0..<settings.warmUp + settings.steps {
            if number == settings.warmUp { before = communicator.traffic }
            // Ranks that do not exchange do not wait, either.
            descent.measuresWait = (number + 1) % every == 0
            let first = number % batches * batch
            _ = try descent.step(
                on: order[first..<first + batch], first: number * batch, learningRate: trained.learningRate)
            let step = timer.lap()
            guard number >= settings.warmUp else { continue }
            times.add(to: (number - settings.warmUp) / every, weight: 1 / Double(every), step)
        }
        let sent = communicator.traffic - before
        let counted = StepBytes(
            payload: (sent.allReduce + sent.allToAll + sent.ring).payloadBytes / settings.steps,
            wire: sent.total.wireBytes / settings.steps)
        // The plan's means are over an epoch, at whose end all values meet.
        let cost = ExchangeCost(
            options, parameters: stage.shape.parameters, expanded: options.sumsExpanded ? stage.shape.expanded : nil,
            ranks: communicator.size)
        return try StepMeasurement(
            job: network.job, model: network.name, settings: settings, placement: placement, learned: learned,
            parameters: stage.shape.parameters,
            exchange: ExchangeMethod(options), steps: settings.steps,
            bytes: StepBytes(payload: cost.bytesPerStep, wire: cost.wireBytesPerStep), counted: counted,
            times: times, communicator: communicator)
    }

    private func trained(learned: Double, batch: Int) throws -> NetworkSettings {
        NetworkSettings(
            dataset: "", seed: 1,
            network: NetworkSpec(input: inputs.shape, layers: try network.layers(learned), classes: inputs.classes),
            batch: batch, epochs: 15, learningRate: 0.001, schedule: .paper,
            descent: SGD.Options(momentum: 0.7, weightDecay: 5e-5, maxNorm: network.maxNorm))
    }
}
