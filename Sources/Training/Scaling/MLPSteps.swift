import Layers
import LinearAlgebra
import Parallel

/// Measures training steps of the job `mlp` as it makes them, on whatever ranks there are.
///
/// The dictionaries are se in the first layer and randfixu in the others, which are made without looking at data; a
/// step costs the same with any other. Momentum, decay and norm are the job's; the rate is so small that no loss
/// diverges.
public struct MLPSteps {
    private let settings: MeasurementSettings
    private let activation: Activation
    private let inputs: MeasuredInputs
    private let placement: Placement
    private let communicator: Communicator

    public init(
        _ settings: MeasurementSettings, activation: Activation, inputs: MeasuredInputs, placement: Placement,
        communicator: Communicator
    ) {
        self.settings = settings
        self.activation = activation
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
        let every = options.averageEvery, batch = settings.globalBatch(ranks: communicator.size)
        precondition(settings.steps % every == 0)
        let trained = trained(learned: learned, batch: batch)
        let plan = try communicator.agree {
            try MLPPlan(
                settings: trained, shape: inputs.shape, classes: inputs.classes, exchange: options,
                ranks: communicator.size, forced: nil, training: inputs.count)
        }
        // The plan made a model, too.
        ProcessMemory.resetPeak()
        let model = try communicator.agree {
            try MLPModel(settings: trained, shape: inputs.shape, classes: inputs.classes)
        }
        let paths = plan.stages[0].paths
        let rows = try communicator.agree {
            try inputs.rows(pooledBy: paths[0] == .reduced ? model.weights[0] : nil)
        }
        let made = MLPDescent(
            model, settings: trained, learningRate: trained.learningRate, paths: paths, rows: rows, exchange: options,
            onDivergence: "a measurement", communicator: communicator)
        let (network, exchange, descent) = (made.network, made.exchange, made.descent)

        let samples = RandomStream(seed: trained.seed, purpose: .order).permutation(of: inputs.count)
        let batches = max(1, samples.count / batch), order = (0..<batches * batch).map { samples[$0 % samples.count] }
        var times = StepTimes(capacity: settings.steps / every), before = communicator.traffic
        for number in 0..<settings.warmUp + settings.steps {
            if number == settings.warmUp { before = communicator.traffic }
            // Ranks that do not exchange do not wait, either.
            descent.measuresWait = (number + 1) % every == 0
            let (rebuild, project) = (network.rebuildSeconds, network.projectSeconds), first = number % batches * batch
            let step = try descent.step(
                on: order[first..<first + batch], first: number * batch, learningRate: trained.learningRate)
            guard number >= settings.warmUp else { continue }
            times.add(
                to: (number - settings.warmUp) / every, weight: 1 / Double(every), compute: step.compute,
                rebuild: network.rebuildSeconds - rebuild, project: network.projectSeconds - project, wait: step.wait,
                exchange: step.exchange)
        }
        let sent = communicator.traffic - before
        let counted = StepBytes(
            payload: (sent.allReduce + sent.allToAll + sent.ring).payloadBytes / settings.steps,
            wire: sent.total.wireBytes / settings.steps)
        let widths = [inputs.shape.count] + settings.widths + [inputs.classes]
        return try StepMeasurement(
            job: "mlp", model: widths.map(String.init).joined(separator: "-"), settings: settings,
            placement: placement, learned: learned, exchange: ExchangeMethod(options), steps: settings.steps,
            bytes: StepBytes(payload: exchange.bytesPerStep, wire: exchange.wireBytesPerStep), counted: counted,
            times: times, communicator: communicator)
    }

    private func trained(learned: Double, batch: Int) -> MLPSettings {
        let isDense = learned == 1
        return MLPSettings(
            dataset: "", seed: 1, widths: settings.widths, activation: activation, learned: isDense ? nil : learned,
            columns: isDense ? 1 : settings.columns, alpha: .distinct,
            dictionaries: settings.widths.indices.map { isDense ? .dense : $0 == 0 ? .se : .randfixu }, sigma: 1,
            ridge: nil, raw: false, batch: batch, pretrainEpochs: 0, epochs: 15, learningRate: 0.001, schedule: .paper,
            descent: SGD.Options(momentum: 0.7, weightDecay: 5e-5, maxNorm: 1.9365), dropout: 0)
    }
}
