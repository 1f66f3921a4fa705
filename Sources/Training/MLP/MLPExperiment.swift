import Datasets
import Layers
import LinearAlgebra
import Parallel

/// The job `mlp` from files to test error: pre-train, train all layers, test once.
public final class MLPExperiment {
    private var settings: MLPSettings
    private let plan: MLPPlan
    private let exchange: ExchangeName
    /// The learning rates that `--validate` may choose from; nothing is searched if nil.
    private let rates: [Double]?
    private let data: Dataset
    private let communicator: Communicator
    private let directory: RunDirectory
    private let progress: ProgressLog
    private let clock = ContinuousClock()

    /// - Parameters:
    ///   - plan: of the same settings.
    ///   - rates: what `--validate` searches.
    public init(
        settings: MLPSettings, plan: MLPPlan, exchange: ExchangeName, rates: [Double]?, data: Dataset, communicator: Communicator,
        directory: RunDirectory, progress: ProgressLog
    ) {
        self.settings = settings
        self.plan = plan
        self.exchange = exchange
        self.rates = rates
        self.data = data
        self.communicator = communicator
        self.directory = directory
        self.progress = progress
    }

    /// Trains, tests and writes what the run leaves. Every rank returns the same result, but for times and memory.
    ///
    /// - Parameter exportPath: where the layers go as ordinary dense weights.
    /// - Throws: `AgreedFailure` for data, files and a loss that is not a number; `MPIError`.
    public func run(exportPath: String?) throws -> RunResult {
        do { return try learnAndTest(exportPath: exportPath) } catch let error as Divergence {
            return try communicator.agree { throw error }
        }
    }

    private func learnAndTest(exportPath: String?) throws -> RunResult {
        let begin = clock.now
        var result = RunResult(
            dynamicParameters: plan.dynamicParameters, learnedParameters: plan.learnedParameters, fullParameters: plan.fullParameters,
            denseParameters: plan.denseParameters, proportion: plan.proportion, bytesPerStep: plan.bytesPerStep,
            wireBytesPerStep: plan.wireBytesPerStep, computePath: plan.paths.map(\.rawValue).joined(separator: ","), seconds: 0)
        let all = Array(0..<data.train.images.count)
        if let rates {
            let scores = try search(rates, all)
            settings.learningRate = try communicator.agree {
                guard let best = scores.min(by: { $0.error ?? 2 < $1.error ?? 2 }), best.error != nil else {
                    throw TrainingError(
                        "--validate: expected a finite loss with one of the rates \(rates), found none; give a smaller --learning-rate")
                }
                return best.rate
            }
            result.chosen = ["learning-rate": "\(settings.learningRate)"]
            let table = "learning-rate,error\n" + scores.map { "\($0.rate),\($0.error ?? 1)\n" }.joined()
            try communicator.agreeOnRoot { try directory.write(table, to: "validation.csv") }
        }
        let (model, network) = try prepare(all)
        let rows = try read(data.train, 0..<all.count, model)
        var metrics = Metrics(capacity: settings.epochs)
        let last = try train(model, network, rows: rows, samples: all, metrics: &metrics)
        if last.steps > 0 {
            result.objective = last.loss
            result.steps = last.steps
            result.secondsPerStep = last.seconds / Double(last.steps)
        }

        let count = data.test.images.count
        let test = try read(data.test, Cut(count, into: communicator.size)[communicator.rank], model)
        let predicted = try communicator.gather(
            Classification(network.network, rows: test).predict(Array(test.labels.indices)), total: count)
        let labels = try communicator.gather(test.labels, total: count)
        let accuracy = Double(zip(predicted, labels).count { $0 == $1 }) / Double(max(count, 1))
        result.accuracy = accuracy
        result.error = 1 - accuracy
        let name = settings.dictionaries[0], showsAlpha = (name.isKernel || name == .randcon) && !model.weights[0].isDense
        try communicator.agreeOnRoot {
            try directory.write(metrics.table, to: "metrics.csv")
            try model.write(to: directory.file("model.safetensors"), settings: settings)
            try directory.write(predictionTable([predicted], labels: labels), to: "predictions.csv")
            try directory.write(model.weights[0].filterPicture(rows: model.expanded(0), showsAlpha: showsAlpha), to: "filters.png")
            if let exportPath { try model.writeExpanded(to: exportPath) }
        }
        result.peakBytes = ProcessMemory.peak
        result.seconds = (clock.now - begin).seconds
        try communicator.agreeOnRoot { try directory.write(try result.json(), to: "result.json") }
        return result
    }

    /// A network and where it leaves its gradient.
    private typealias Network = (network: MLPNetwork, gradient: LearnedValues)

    /// A model with its dictionaries, pre-trained on some samples, and a network on it.
    private func prepare(_ samples: [Int]) throws -> (MLPModel, Network) {
        let model = try MLPModel(settings: settings, shape: data.shape, classes: data.classes)
        if settings.preparesFromData {
            let rows = try read(data.train, 0..<data.train.images.count, nil)
            try MLPPretraining(
                settings: settings, model: model, rows: rows, exchange: exchange, communicator: communicator, progress: progress
            ).run(samples: samples)
        }
        let gradient = model.values.zeros
        let network = model.network(
            gradient: gradient, paths: plan.paths, capacity: settings.samplesPerRank(communicator.size))
        return (model, (network, gradient))
    }

    /// Images as the first layer's path takes them, or not pooled where there is no model.
    private func read(_ set: (images: ImageSet, labels: Labels), _ range: Range<Int>, _ model: MLPModel?) throws -> TrainingRows {
        let weights = plan.paths[0] == .reduced ? model?.weights[0] : nil
        return try communicator.agree { try TrainingRows(set.images, set.labels, range: range, pooledBy: weights) }
    }

    private func train(
        _ model: MLPModel, _ network: Network, rows: TrainingRows, samples: [Int], metrics: inout Metrics
    ) throws -> StochasticDescent.Epoch {
        let exchange = exchange.make(for: model.values, communicator: communicator)
        let descent = StochasticDescent(
            Classification(network.network, rows: rows), values: model.values, gradient: network.gradient,
            weightsPerUnit: model.weightsPerUnit, exchange: exchange,
            options: .init(
                seed: settings.seed, batch: settings.batch, epochs: settings.epochs, learningRate: settings.learningRate,
                schedule: settings.schedule, rule: settings.descent),
            watched: model.weights.count - 1, onDivergence: "training; a smaller --learning-rate keeps it finite",
            communicator: communicator)
        progress.say("training on \(samples.count) images, \(settings.epochs) epochs, learning rate \(settings.learningRate)")
        let network = network.network, before = communicator.traffic
        var previous = StochasticDescent.Epoch(), rebuild = network.rebuildSeconds, project = network.projectSeconds, bytes = 0
        return try descent.run(samples: samples) { epoch in
            let steps = Double(epoch.steps - previous.steps)
            let sent = (communicator.traffic - before).total.wireBytes
            metrics.append(
                Metrics.Row(
                    step: epoch.steps, epoch: epoch.number, objective: epoch.loss, error: epoch.error, seconds: epoch.seconds,
                    compute: (epoch.compute - previous.compute) / steps, rebuild: (network.rebuildSeconds - rebuild) / steps,
                    project: (network.projectSeconds - project) / steps, exchange: (epoch.exchange - previous.exchange) / steps,
                    bytes: Double(sent - bytes) / steps))
            previous = epoch
            (rebuild, project, bytes) = (network.rebuildSeconds, network.projectSeconds, sent)
            progress.step("train: epoch", epoch.number, of: settings.epochs, "loss \(epoch.loss), training error \(epoch.error)")
        }
    }

    /// The error of each learning rate on a fixed sixth of the training images, learned from the others; nil where the loss was no number.
    /// All start from the same dictionaries and pre-trained values.
    private func search(_ rates: [Double], _ all: [Int]) throws -> [(rate: Double, error: Double?)] {
        let held = RandomStream(seed: 0, purpose: .validation).sample(all.count / 6, below: all.count)
        let seen = Set(held)
        let others = all.filter { !seen.contains($0) }
        let (model, network) = try prepare(others), start = model.values.flat.clone()
        let rows = try read(data.train, 0..<all.count, model)
        let own = Array(held[Cut(held.count, into: communicator.size)[communicator.rank]])
        return try rates.map { rate in
            settings.learningRate = rate
            model.values.flat.copy(from: start)
            var metrics = Metrics(capacity: settings.epochs)
            do { _ = try train(model, network, rows: rows, samples: others, metrics: &metrics) } catch let error as Divergence {
                progress.say("learning rate \(rate): \(error)")
                return (rate, nil)
            }
            let predicted = Classification(network.network, rows: rows).predict(own)
            let wrong = try communicator.allReduce(Int64(zip(own, predicted).count { rows.labels[$0] != $1 }))
            let error = Double(wrong) / Double(max(held.count, 1))
            progress.say("learning rate \(rate): validation error \(error)")
            return (rate, error)
        }
    }
}
