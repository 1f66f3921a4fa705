import DataParallel
import Datasets
import Layers
import LinearAlgebra
import Parallel
import Partition
import Runs

/// Training a network, from files to test error: pre-train, train all layers, test once.
public final class NetworkExperiment {
    private var settings: NetworkSettings
    private let plan: NetworkPlan
    private let initial: InitialModel?
    private let exchange: ExchangeOptions
    /// The learning rates that `--validate` may choose from; nothing is searched if nil.
    private let rates: [Double]?
    /// Steps between rows of validation.csv; nil: an epoch.
    private let validateEvery: Int?
    private let data: Dataset
    private let communicator: Communicator
    private let directory: RunDirectory
    private let checkpoints: Checkpoints
    private let progress: ProgressLog
    private let clock = ContinuousClock()

    /// - Parameters:
    ///   - plan: the plan of the same settings.
    ///   - initial: the weights that training starts from, where a file has them.
    ///   - rates: what `--validate` searches.
    ///   - validateEvery: steps between rows of validation.csv; nil: an epoch.
    public init(
        settings: NetworkSettings, plan: NetworkPlan, initial: InitialModel? = nil, exchange: ExchangeOptions,
        rates: [Double]?, validateEvery: Int?, data: Dataset, communicator: Communicator, directory: RunDirectory,
        checkpoints: Checkpoints, progress: ProgressLog
    ) {
        self.settings = settings
        self.plan = plan
        self.initial = initial
        self.exchange = exchange
        self.rates = rates
        self.validateEvery = validateEvery
        self.data = data
        self.communicator = communicator
        self.directory = directory
        self.checkpoints = checkpoints
        self.progress = progress
    }

    /// Trains, tests and writes what the run leaves. Every rank returns the same result, but for times and memory.
    ///
    /// - Parameter exportPath: where the layers go as ordinary dense weights.
    /// - Throws: `CollectiveError` for data, files and a loss that is not a number; `MPIError`.
    public func run(exportPath: String?) throws -> RunResult {
        do { return try learnAndTest(exportPath: exportPath) } catch let error as Divergence {
            return try communicator.agree { throw error }
        }
    }

    private func learnAndTest(exportPath: String?) throws -> RunResult {
        let begin = clock.now
        var result = RunResult(
            run: directory.id, dynamicParameters: plan.dynamicParameters, learnedParameters: plan.learnedParameters,
            fullParameters: plan.fullParameters,
            denseParameters: plan.denseParameters, proportion: plan.proportion, bytesPerStep: plan.bytesPerStep,
            wireBytesPerStep: plan.wireBytesPerStep,
            computePath: plan.stages.last!.paths.map(\.rawValue).joined(separator: ","))
        let images = try PreparedImages(
            of: data, settings: settings, order: exchange.reduction, communicator: communicator,
            checkpoints: checkpoints, progress: progress)
        let all = Array(0..<images.trainingCount)
        if let rates {
            Allocation.purpose = "choosing the learning rate"
            let search = RateSearch(images: all.count)
            try checkpoints.attach(search, as: "search")
            if !search.isDone(rates) {
                let training = try training(on: search.others, of: images, as: "search of the learning rate")
                try search.run(
                    rates, every: validateEvery, training: training, communicator: communicator, progress: progress)
                training.end()
                try checkpoints.endPhase("the end of the search of the learning rate")
            }
            settings.learningRate = try communicator.agree { try search.chosen(of: rates) }
            result.chosen = ["learning-rate": "\(settings.learningRate)"]
            try communicator.agreeOnRoot { try directory.write(search.table, to: "validation.csv") }
        }
        let metrics = Metrics(capacity: settings.epochs)
        try checkpoints.attach(metrics, as: "metrics")
        Allocation.purpose = "training"
        let training = try training(on: all, of: images, as: "training")
        let last = try training.train(learningRate: settings.learningRate) { metrics.append($0) }
        if last.steps > 0 {
            result.objective = last.loss
            result.steps = last.steps
            result.secondsPerStep = last.seconds / Double(last.steps)
        }

        Allocation.purpose = "testing"
        progress.say("testing on \(data.test.images.count) images")
        let count = data.test.images.count, own = Cut(count, into: communicator.size)[communicator.rank],
            model = training.model
        let predicted = try communicator.gather(try training.predict { try images.test(own) }, total: count)
        let labels = try communicator.agree { try data.test.labels.labels(0..<count) }
        let accuracy = Double(zip(predicted, labels).count { $0 == $1 }) / Double(max(count, 1))
        result.accuracy = accuracy
        result.error = 1 - accuracy
        let coverage = model.coverage, norms = model.dictionaryNorms
        result.coverage = coverage.isEmpty ? nil : coverage
        result.dictionaryNorms = norms.isEmpty ? nil : norms
        let first = model.layers[0], traits = first.shape.prediction?.dictionary.traits ?? []
        try communicator.agreeOnRoot {
            try directory.write(metrics.table, to: "metrics.csv")
            try directory.write("model.safetensors") {
                try model.write(to: $0, settings: settings, whitening: images.whitening)
            }
            try directory.write(predictionTable([predicted], labels: labels), to: "predictions.csv")
        }
        result.peakBytes = ProcessMemory.peak
        result.seconds = (clock.now - begin).seconds
        try communicator.agreeOnRoot {
            directory.writePicture(progress) {
                first.weights.filterPicture(
                    rows: first.expanded(), of: first.shape.spec.grid,
                    showsAlpha: !traits.isDisjoint(with: [.kernel, .identity]))
            }
            if let exportPath { try model.writeExpanded(to: exportPath) }
            result.take(filesOf: directory)
            // The last file: a run that has it is finished.
            try directory.write(try result.json(), to: "result.json")
        }
        return result
    }

    /// A model with its dictionaries, pre-trained on some samples, and what trains it on them.
    ///
    /// - Parameter name: what the training is called in checkpoints.
    private func training(
        on samples: [Int], of images: PreparedImages, as name: String
    ) throws -> NetworkTraining {
        try NetworkTraining(
            settings: settings, plan: plan, initial: initial, exchange: exchange, images: images, samples: samples,
            communicator: communicator, checkpoints: checkpoints, name: name, progress: progress)
    }
}
