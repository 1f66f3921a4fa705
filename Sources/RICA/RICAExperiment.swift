import DataParallel
import Datasets
import Foundation
import Layers
import LinearAlgebra
import Parallel
import Runs
import Storage

/// The job `rica` from files to accuracy: learn features on patches, encode the labelled images, classify them.
public final class RICAExperiment {
    /// What a run does of learning, encoding and classifying; encoded images and a model are kept for the next phase.
    public enum Phase: String, CaseIterable, Sendable {
        case learn, encode, classify, all

        /// Whether the phase takes a learned model and its settings.
        public var usesModel: Bool { self == .encode || self == .classify }
    }

    /// What a run was asked for besides its settings.
    public struct Request {
        public var phase = Phase.all
        /// The same as the run directory knows it.
        public var runPhase: RunPhase?
        /// The model of the phases encode and classify, which need one, and what it was learned from.
        public var stored: (model: RICAModel, settings: RICASettings)?
        /// What learning starts from; drawn at random if nil.
        public var initial: InitialFeatures?
        /// The path to compute on; the cheapest if nil.
        public var path: ComputePath?
        /// How sums over samples are formed.
        public var reduction = ReductionOrder.fast
        public var exportPath: String?
        /// What `--validate` may choose; nothing is searched if nil.
        public var search: ValidationGrid?
        public init() {}
    }

    var settings: RICASettings
    let request: Request
    let data: Dataset
    let communicator: Communicator
    let directory: RunDirectory
    private let checkpoints: Checkpoints
    private let progress: ProgressLog
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var result: RunResult

    public init(
        settings: RICASettings, request: Request, data: Dataset, communicator: Communicator, directory: RunDirectory,
        checkpoints: Checkpoints, progress: ProgressLog, plan: RICAPlan
    ) {
        self.settings = settings
        self.request = request
        self.data = data
        self.communicator = communicator
        self.directory = directory
        self.checkpoints = checkpoints
        self.progress = progress
        start = clock.now
        result = RunResult(
            run: directory.id, dynamicParameters: plan.dynamicParameters, learnedParameters: plan.bytesPerStep / 4,
            fullParameters: plan.fullParameters, proportion: plan.proportion, bytesPerStep: plan.bytesPerStep,
            wireBytesPerStep: plan.wireBytesPerStep, computePath: plan.path.rawValue)
    }

    /// Runs the phases asked for; every rank returns what it worked out, rank 0 also what earlier phases left.
    ///
    /// - Throws: `CollectiveError` for data and files, `TrainingError` through it, `MPIError`.
    public func run() throws -> RunResult {
        var model: RICAModel
        if request.phase.usesModel { try communicator.agreeOnRoot { try beginPhase() } }
        switch request.phase {
        case .learn, .all: model = try learn()
        case .encode, .classify:
            guard let stored = request.stored else {
                preconditionFailure("the phases encode and classify take a stored model")
            }
            model = stored.model
            model.encoder = settings.encoder
            // The model goes on saying what it was learned from, which may be another data set than the one classified.
            settings.dataset = stored.settings.dataset
        }
        switch request.phase {
        case .learn: break
        case .encode: try store(try encode(model), of: model)
        case .classify: try classify(&model, try storedFeatures(of: model))
        case .all: try classify(&model, try encode(model))
        }
        result.peakBytes = ProcessMemory.peak
        result.seconds = (clock.now - start).seconds
        try communicator.agreeOnRoot {
            if let phase = request.runPhase { result.phases = (result.phases ?? [:]).merging(phase.entry) { $1 } }
            result.take(filesOf: directory)
            if let path = request.exportPath { try model.writeExpanded(to: path) }
            // The last file: a run that has it is finished.
            try directory.write(try result.json(), to: "result.json")
        }
        return result
    }

    /// Takes over what earlier phases left, and says that this one and those after it are not done: a kill must not
    /// leave the features of another model as those of this one.
    private func beginPhase() throws {
        result.keepLearning(from: directory.file("result.json"))
        for phase in Phase.allCases.drop(while: { $0 != request.phase }) { result.phases?[phase.rawValue] = nil }
        try directory.write(try result.json(), to: "result.json")
    }

    private func learn() throws -> RICAModel {
        Allocation.purpose = "reading patches"
        progress.say(
            "reading \(settings.whiteningPatches) patches of \(settings.patch)×\(settings.patch) and fitting the "
                + "whitening"
        )
        let patches = try RICAPatches(
            images: data.unlabelled, settings: settings, order: request.reduction, communicator: communicator,
            meet: { [checkpoints] in try checkpoints.listen("the whitening") })
        let weights = try weights(from: patches)
        if settings.prediction?.isOrthonormal == true, let line = weights.saysCut(of: "the layer") {
            progress.say(line)
        }
        let initial = try request.initial?.values(for: weights, communicator: communicator, progress: progress)
        // What an earlier run learned in this folder says nothing of the model that follows.
        try communicator.agreeOnRoot {
            for name in ["features.safetensors", "predictions.csv", "validation.csv", "result.json"] {
                try? FileManager.default.removeItem(atPath: directory.file(name))
            }
        }
        if let grid = request.search {
            let search = Validation(
                grid: grid, settings: settings, weights: weights, data: data, patches: patches, path: request.path,
                initial: initial, communicator: communicator, checkpoints: checkpoints, progress: progress)
            settings = try search.run()
            result.chosen = [
                "lambda": "\(settings.lambda)", "iterations": "\(settings.iterations)",
                "encoder": settings.encoder.rawValue,
                "C": "\(settings.cost)",
            ]
            try communicator.agreeOnRoot { try directory.write(search.table, to: "validation.csv") }
        }
        let learning = RICALearning(
            settings: settings, weights: weights, patches: patches, path: request.path, initial: initial,
            ranks: communicator.size)
        Allocation.purpose = "learning features"
        progress.say(
            "learning \(settings.features) features on \(settings.patches) patches, \(settings.iterations) iterations")
        let outcome = try learning.run(
            communicator: communicator, progress: progress, checkpoints: (checkpoints, "learning"))
        progress.say(
            String(
                format: "learned: objective %.6f after %d iterations, %d evaluations, %.1f s (%.2f ms each)",
                outcome.last.objective,
                outcome.last.number, outcome.last.evaluations, outcome.last.seconds,
                1e3 * outcome.last.seconds / Double(outcome.last.evaluations)))
        result.objective = outcome.last.objective
        result.steps = outcome.last.evaluations
        result.secondsPerStep = outcome.last.seconds / Double(outcome.last.evaluations)
        var model = RICAModel(
            weights: learning.weights, values: outcome.values, whitening: patches.whitening,
            covariance: patches.covariance, encoder: settings.encoder)
        model.holdsDictionary = settings.storesDictionary
        let sampler = PatchSampler(images: data.unlabelled, size: settings.patch, seed: settings.seed)
        model.patches = (0..<settings.patches).map(sampler.position)
        try communicator.agreeOnRoot {
            try directory.write(outcome.metrics.table, to: "metrics.csv")
            try directory.write("model.safetensors") { try model.write(to: $0, settings: settings) }
            let traits = settings.prediction?.dictionary.traits ?? .kernel
            directory.writePicture(progress) {
                model.weights.filterPicture(
                    rows: model.expandedRows, showsAlpha: !traits.isDisjoint(with: [.kernel, .identity]))
            }
        }
        return model
    }

    /// The layer, with a dictionary that is made from patches where it needs them. Collective.
    private func weights(from patches: RICAPatches) throws -> PredictedWeights {
        func make(_ data: DictionaryData?) throws -> PredictedWeights {
            try communicator.agree {
                try settings.makeWeights(channels: self.data.shape.channels, data: data) {
                    progress.step("make dictionaries", $0, of: settings.columns)
                }
            }
        }
        let weights = try make(nil)
        guard settings.prediction?.dictionary.need != nil else {
            // What another kind of processor rounds, or cuts, otherwise must not stay.
            if settings.prediction?.isOrthonormal == true { try weights.broadcastDictionaries(on: communicator) }
            return weights
        }
        let dictionary = MadeDictionary(empty: weights)
        if try !checkpoints.attach(dictionary, as: "dictionary") {
            progress.say("making the dictionary \(settings.prediction!.dictionary.name) from patches")
            let made = try make(
                patches.dictionaryData(
                    settings, images: data.unlabelled, communicator: communicator, checkpoints: checkpoints))
            try made.broadcastDictionaries(on: communicator)
            dictionary.take(made)
        }
        return dictionary.weights
    }

    private func encode(_ model: RICAModel) throws -> (train: EncodedImages, test: EncodedImages) {
        Allocation.purpose = "encoding images"
        let encoder = ImageEncoder(model: model, shape: data.shape, path: request.path == .reduced ? nil : request.path)
        progress.say(
            "encoding \(data.train.images.count) training and \(data.test.images.count) test images, "
                + "\(encoder.features) numbers each (\(encoder.path.rawValue))"
        )
        let train = try EncodedImages(
            data.train, width: encoder.features, order: request.reduction, communicator: communicator,
            checkpoints: (checkpoints, "encoding of the training images"),
            report: {
                self.progress.step(
                    "encode training images", $0 * self.communicator.size, of: self.data.train.images.count)
            },
            encode: encoder.encode)
        let test = try EncodedImages(
            data.test, width: encoder.features, communicator: communicator,
            checkpoints: (checkpoints, "encoding of the test images"),
            report: {
                self.progress.step("encode test images", $0 * self.communicator.size, of: self.data.test.images.count)
            },
            encode: encoder.encode)
        return (train, test)
    }

    private func classify(_ model: inout RICAModel, _ images: (train: EncodedImages, test: EncodedImages)) throws {
        Allocation.purpose = "classifying"
        let subsets = data.folds ?? [Array(0..<images.train.total)]
        progress.say(
            "classifying: one-vs-all L2-SVM, C \(settings.cost), "
                + "\(subsets.count == 1 ? "all training images" : "\(subsets.count) folds")"
        )
        let evaluation = Evaluation(train: images.train, test: images.test, classes: data.classes)
        try evaluation.run(
            subsets: subsets, cost: settings.cost, communicator: communicator, checkpoints: checkpoints
        ) { progress.step("classify: fold", $0, of: subsets.count) }
        model.classifiers = evaluation.classifiers
        result.accuracy = evaluation.accuracy
        result.error = 1 - evaluation.accuracy
        result.interval = evaluation.interval
        result.folds = data.folds == nil ? nil : evaluation.accuracies
        try communicator.agreeOnRoot {
            try directory.write("model.safetensors") { try model.write(to: $0, settings: settings) }
            try directory.write(evaluation.table, to: "predictions.csv")
        }
    }
}
