import DataParallel
import Datasets
import Foundation
import Layers
import LinearAlgebra
import Parallel
import Runs

/// A prepared model and its training, stage by stage, on the training images of a data set: once for a run, or for
/// every rate that `--validate` tries, each time from the same start.
final class NetworkTraining {
    private let settings: NetworkSettings
    let plan: NetworkPlan
    private let exchange: ExchangeOptions
    private let images: PreparedImages
    private let communicator: Communicator
    private let checkpoints: Checkpoints
    /// What the training is called in them.
    private let name: String
    private let progress: ProgressLog
    /// The training images that may be seen.
    private let samples: [Int]
    private let clock = ContinuousClock()
    private let timer = StepTimer()
    /// What training starts from: with its dictionaries, pre-trained.
    private let start: PreparedModel
    /// The model, as trained so far, and the number of its stage.
    private(set) var model: NetworkModel
    private var stage = 0
    /// What had been sent when the descent under way began.
    private var traffic: Traffic
    /// The steps at the last row of metrics, and the bytes that this rank had sent by then since that beginning.
    private var reported = (steps: 0, bytes: 0)
    private var network: Network?
    /// What pools images for the network's first layer, chosen once for training and test images; nil: they are as they
    /// were.
    private var pooling: (weights: PredictedWeights, separable: SeparablePooling?)?
    /// All training images as that layer takes them.
    private var inputs: (any SampleSource)?

    /// Makes the dictionaries and trains layer by layer. Collective.
    ///
    /// - Parameters:
    ///   - initial: the weights that training starts from, where a file has them.
    ///   - images: as the network takes them.
    ///   - samples: the training images that may be seen.
    ///   - name: what the training is called in checkpoints.
    /// - Throws: `CollectiveError`, `Divergence`, `MPIError`.
    init(
        settings: NetworkSettings, plan: NetworkPlan, initial: InitialModel?, exchange: ExchangeOptions,
        images: PreparedImages, samples: [Int], communicator: Communicator, checkpoints: Checkpoints, name: String,
        progress: ProgressLog
    ) throws {
        self.settings = settings
        self.plan = plan
        self.exchange = exchange
        self.images = images
        self.samples = samples
        self.communicator = communicator
        self.checkpoints = checkpoints
        self.name = name
        self.progress = progress
        let prepared = try communicator.agree { try NetworkModel(settings, report: progress.columns(of:made:all:)) }
        if prepared.layers.contains(where: \.isOrthonormal) {
            // What another kind of processor rounds, or cuts, otherwise must not stay.
            for layer in prepared.layers where layer.isOrthonormal && layer.shape.prediction?.dictionary.need == nil {
                try layer.weights.broadcastDictionaries(on: communicator)
            }
            try communicator.broadcast(prepared.values.flat.elements, from: 0)
        }
        start = PreparedModel(prepared)
        model = prepared
        // The layers whose U is made from data start when it is made.
        for (k, layer) in prepared.layers.enumerated() {
            guard let initial else { break }
            let keeps = try communicator.agree {
                try initial.keepsDictionary(of: layer, number: k, in: settings)
            }
            if keeps { start.kept.insert(k) }
            guard keeps || layer.shape.prediction?.dictionary.need == nil else { continue }
            try initial.start(layer, number: k, keepsDictionary: keeps, communicator: communicator, progress: progress)
        }
        traffic = communicator.traffic
        guard settings.preparesFromData else { return }
        try checkpoints.attach(start, as: "start of \(name)")
        // The softmax layer is neither predicted nor pre-trained.
        if start.done < prepared.layers.count - 1 {
            try Pretraining(
                settings: settings, start: start, initial: initial, inputs: try trainingInputs(pooledBy: nil),
                exchange: exchange,
                communicator: communicator, checkpoints: checkpoints, progress: progress
            ).run(samples: samples)
        }
    }

    /// Ends the training's part of the run's state.
    func end() { checkpoints.detach("start of \(name)") }

    /// Trains through all stages and returns the last epoch. `report` is called on every rank after each epoch, `watch`
    /// after so many steps. Collective.
    ///
    /// - Throws: `CollectiveError`, `Divergence`, `MPIError`; what `report` and `watch` throw.
    func train(
        learningRate: Double, watch: (every: Int, body: (TrainingState) throws -> Void)? = nil,
        _ report: (Metrics.Row) throws -> Void = { _ in }
    ) throws -> TrainingState {
        (model, stage, reported) = (start.model, 0, (0, 0))
        let isRestored = try checkpoints.attach(self, as: name)
        defer { checkpoints.detach(name) }
        progress.say(
            "training on \(samples.count) images, \(settings.epochs) epochs, learning rate \(learningRate)")
        var state = TrainingState()
        let first = stage
        for (number, stage) in plan.stages.enumerated().dropFirst(first) {
            let begin = clock.now
            let isUnderWay = isRestored && number == first
            let handed = isUnderWay ? 0 : try enter(stage, number)
            let steps = try descent(stage, learningRate: learningRate)
            // Where dictionaries are made from data, layers were scaled before those of the next ones were made.
            if number == 0, !isUnderWay, settings.start == .variance, !settings.preparesFromData {
                let batch = settings.firstBatch(of: samples)
                for layer in model.layers.dropLast() {
                    try model.scaleStart(of: layer, in: network!, on: batch, of: inputs!, communicator: communicator)
                }
            }
            if !isUnderWay {
                // What went before was no step, but for what was handed on.
                _ = timer.lap()
                reported.bytes = -handed
            }
            // What later stages begin with is training: a fit, and XU, for which images are read again. What the first
            // begins with is not.
            if number > 0, !isUnderWay { state.seconds += (clock.now - begin).seconds }
            announce(stage.stage, number)
            state = try train(steps, through: stage.stage.epochs.upperBound, from: state, watch, report)
        }
        return state
    }

    /// Makes the model of a stage from that of the stage before, and returns the bytes that this rank sends for it.
    private func enter(_ stage: StagePlan, _ number: Int) throws -> Int {
        network = nil
        let before = model
        model = try communicator.agree {
            try NetworkModel(settings, stage: stage.stage, after: before, report: progress.columns(of:made:all:))
        }
        self.stage = number
        return stage.stage.proportion != nil && number > 0 ? try broadcastFitted(after: before) : 0
    }

    private func descent(_ stage: StagePlan, learningRate: Double) throws -> StochasticDescent {
        let inputs = try trainingInputs(pooledBy: stage.paths[0] == .reduced ? model.layers[0].weights : nil)
        let steps = NetworkDescent(
            model, settings: settings, learningRate: learningRate, paths: stage.paths, samples: inputs,
            exchange: exchange,
            onDivergence: "training; a smaller --learning-rate keeps it finite", communicator: communicator,
            timer: timer)
        network = steps.network
        return steps.descent
    }

    private func train(
        _ descent: StochasticDescent, through end: Int, from state: TrainingState,
        _ watch: (every: Int, body: (TrainingState) throws -> Void)?, _ report: (Metrics.Row) throws -> Void
    ) throws -> TrainingState {
        traffic = communicator.traffic
        return try descent.run(
            samples: samples, from: state, through: end, checkpoints: (checkpoints, "the \(name)"), watch: watch
        ) { state in
            let row = Metrics.Row(
                step: state.steps, epoch: state.epoch, objective: state.loss, error: state.error,
                seconds: state.seconds, steps: state.steps - reported.steps, times: timer.lap(),
                bytes: sentBytes - reported.bytes)
            reported = (state.steps, sentBytes)
            progress.step(
                "train: epoch", state.epoch, of: settings.epochs,
                String(format: "loss %.4f, training error %.2f %%", state.loss, 100 * state.error)
                    + (learnsDictionaries ? ", \(norms)" : ""))
            try report(row)
        }
    }

    /// Bytes that this rank has sent since the descent under way began.
    private var sentBytes: Int { (communicator.traffic - traffic).total.wireBytes }

    /// How sums over samples are formed.
    var order: ReductionOrder { exchange.reduction }

    /// How many of some training images are predicted wrong.
    func wrong(among samples: [Int]) -> Int {
        zip(samples, network!.predict(samples, of: inputs!) {}).count { inputs!.labels[$0] != $1 }
    }

    /// The classes predicted for other images, which take the place of the training images. Collective.
    ///
    /// - Throws: `CollectiveError`.
    func predict(_ images: () throws -> any SampleSource) throws -> [Int32] {
        inputs = nil
        let samples = pooled(try images()), network = network!, capacity = network.batch.rows
        var steps = try EvenSteps((samples.count + capacity - 1) / capacity, on: communicator) { [checkpoints] in
            try checkpoints.listen("the test")
        }
        let predicted = try network.predict(Array(0..<samples.count), of: samples) { try steps.endStep() }
        try steps.endLoop()
        return predicted
    }

    /// Gives all ranks rank 0's numbers where processors of two kinds may have rounded differently: of what was fitted
    /// when the net grew, and of every U made anew from the data, or into an orthonormal basis. Every rank has the
    /// others already.
    ///
    /// - Returns: the bytes that this rank sends.
    /// - Throws: `MPIError`.
    private func broadcastFitted(after previous: NetworkModel) throws -> Int {
        let traffic = communicator.traffic
        try communicator.broadcast(model.values.flat.elements, from: 0)
        for (layer, before) in zip(model.layers, previous.layers)
        where layer.shape.prediction?.dictionary.need != nil || layer.isOrthonormal {
            for (column, old) in zip(layer.weights.columns, before.weights.columns) where column.alpha != old.alpha {
                try communicator.broadcast(column.dictionary!.elements, from: 0)
            }
        }
        return (communicator.traffic - traffic).total.wireBytes
    }

    private func announce(_ stage: TrainingStage, _ number: Int) {
        if plan.stages.count > 1 {
            let what =
                switch stage.learns {
                case .values: "w is learned"
                case .dictionaries: "U is learned, w held"
                case .both where learnsDictionaries: "w and U are learned"
                case .both: "w is learned, \(stage.proportion ?? 1) of the weights"
                }
            let epochs = "\(stage.epochs.lowerBound + 1) to \(stage.epochs.upperBound)"
            progress.say("stage \(number + 1): epochs \(epochs), \(what)")
        }
        let isNew = number == 0 || stage.proportion != plan.stages[number - 1].stage.proportion
        if isNew, model.shape.dynamicParameters > 0 { progress.say(norms) }
        for line in isNew ? model.cutBases : [] { progress.say(line) }
    }

    private var learnsDictionaries: Bool { model.layers.contains { $0.shape.dictionaryParameter != nil } }

    private var norms: String {
        "‖U‖₂ of the predicted layers "
            + model.dictionaryNorms.map { String(format: "%.3g", $0) }.joined(separator: ", ")
    }

    /// All training images for a network's first layer, which `weights` pools or nobody; made only where those at hand
    /// are others. A U changes in place in no stage that pools, so that pooled images are at hand where all U are where
    /// they were.
    private func trainingInputs(pooledBy weights: PredictedWeights?) throws -> any SampleSource {
        let pools = pooling?.weights.columns.map(\.dictionary?.pointer)
        if let inputs, pools == weights?.columns.map(\.dictionary?.pointer) { return inputs }
        inputs = nil
        pooling = try weights.map { weights in
            // A U that was learned is no longer that of its dictionary.
            let first = model.layers[0]
            guard !first.hasLearnedDictionary, !start.kept.contains(0),
                let dictionary = first.dictionary as? SquaredExponential,
                SeparablePooling.pays(dictionary, of: weights.shape, samples: images.trainingCount)
            else { return (weights, nil) }
            return (weights, try communicator.agree { try SeparablePooling(dictionary, of: weights) })
        }
        let made = pooled(try images.training())
        inputs = made
        return made
    }

    private func pooled(_ samples: any SampleSource) -> any SampleSource {
        pooling.map { samples.pooled(by: $0.weights, separable: $0.separable) } ?? samples
    }
}

extension NetworkTraining: Checkpointable {
    /// The model of the stage, and what is not told yet in metrics.
    func archive(to archive: StateArchive) throws {
        try archive.number("stage", &stage, in: 0...plan.stages.count - 1)
        if archive.isRestoring {
            model = try NetworkModel(settings, stage: plan.stages[stage].stage, after: start.model, isRestored: true)
        }
        try model.archive(to: archive, beside: start.model)
        var bytes = Double(sentBytes - reported.bytes), phases = timer.phases
        try archive.number("reported", &reported.steps)
        try archive.number("sent", &bytes)
        try archive.numbers("phases", &phases)
        if archive.isRestoring {
            reported.bytes = -(Int(exactly: bytes) ?? 0)
            timer.phases = phases
        }
    }
}

extension ProgressLog {
    /// Tells how far a layer's dictionaries are made.
    fileprivate func columns(of layer: String, made: Int, all: Int) {
        step("make dictionaries of \(layer)", made, of: all)
    }
}
