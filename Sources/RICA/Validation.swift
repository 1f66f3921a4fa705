import DataParallel
import Datasets
import Layers
import LinearAlgebra
import Parallel
import Runs
import Storage

/// What `--validate` tries. A value that the user gave is the only one of its list.
public struct ValidationGrid: Sendable {
    public var lambdas = [0.005, 0.05, 0.2]
    public var iterations = [25, 50, 100, 200]
    public var encoders = [Encoder.abs, .rectified]
    public var costs = [10.0, 100, 1000]
    public init() {}
}

/// The search of `--validate`: learns with every λ, takes the features after every number of iterations, encodes the
/// training images and scores every C on a fixed fifth of them (of each fold, where there are folds). Test images are
/// not read.
final class Validation {
    private let grid: ValidationGrid
    private let settings: RICASettings
    private let weights: PredictedWeights
    private let data: Dataset
    private let patches: RICAPatches
    private let path: ComputePath?
    /// What learning starts from; drawn at random if nil.
    private let initial: Matrix<Float>?
    private let communicator: Communicator
    private let checkpoints: Checkpoints
    private let progress: ProgressLog
    /// Tries so far, the folds that the next one has scored and the sum of their accuracies, and the best of all.
    private var tried = 0
    private var scored: (folds: Int, sum: Double) = (0, 0)
    private var best: (number: Int, accuracy: Double) = (0, -1)
    /// lambda,iterations,encoder,cost,accuracy: a line each try.
    private(set) var table = "lambda,iterations,encoder,cost,accuracy\n"

    init(
        grid: ValidationGrid, settings: RICASettings, weights: PredictedWeights, data: Dataset, patches: RICAPatches,
        path: ComputePath?, initial: Matrix<Float>?,
        communicator: Communicator, checkpoints: Checkpoints, progress: ProgressLog
    ) {
        self.grid = grid
        self.settings = settings
        self.weights = weights
        self.data = data
        self.patches = patches
        self.path = path
        self.initial = initial
        self.communicator = communicator
        self.checkpoints = checkpoints
        self.progress = progress
    }

    /// The training images of each fold, all in one where the set has none.
    private var folds: [[Int]] { data.folds ?? [Array(0..<data.train.images.count)] }

    /// The settings with the best score; the first of equals.
    func run() throws -> RICASettings {
        try communicator.agree {
            guard folds.allSatisfy({ $0.count >= 2 }) else {
                throw DataError(
                    message:
                        "\(data.train.images.path): expected two training images or more in every fold, "
                        + "since --validate holds some back, found one")
            }
        }
        try checkpoints.attach(self, as: "search")
        let triesOfLambda = grid.iterations.count * triesOfEncoder
        for (number, lambda) in grid.lambdas.enumerated() where tried < (number + 1) * triesOfLambda {
            try run(lambda: lambda, from: number * triesOfLambda)
        }
        let chosen = settings(ofTry: best.number)
        progress.say(
            "validate: chosen λ \(chosen.lambda), \(chosen.iterations) iterations, \(chosen.encoder.rawValue), C "
                + "\(chosen.cost) with \(best.accuracy)"
        )
        return chosen
    }

    private var triesOfEncoder: Int { grid.encoders.count * grid.costs.count }

    /// What is tried: for every λ all numbers of iterations, for each all encoders, for each every C.
    private func settings(ofTry number: Int) -> RICASettings {
        var tried = settings
        var rest = number
        func next<Value>(of values: [Value]) -> Value {
            defer { rest /= values.count }
            return values[rest % values.count]
        }
        tried.cost = next(of: grid.costs)
        tried.encoder = next(of: grid.encoders)
        tried.iterations = next(of: grid.iterations)
        tried.lambda = next(of: grid.lambdas)
        return tried
    }

    /// Tries everything with one λ.
    ///
    /// - Parameter first: the number of its first try.
    private func run(lambda: Double, from first: Int) throws {
        var learned = settings
        learned.lambda = lambda
        learned.iterations = grid.iterations.max()!
        let learning = RICALearning(
            settings: learned, weights: weights, patches: patches, path: path, initial: initial,
            ranks: communicator.size)
        let name = (checkpoints, "learning with λ \(lambda)")
        let outcome = try learning.run(
            communicator: communicator, progress: progress, snapshots: Set(grid.iterations), checkpoints: name)
        defer { learning.end(name) }
        for start in stride(from: first, to: first + grid.iterations.count * triesOfEncoder, by: grid.costs.count)
        where tried < start + grid.costs.count {
            let shared = settings(ofTry: start)
            // A run that ended early stands for all later numbers of iterations.
            let values = outcome.snapshots[shared.iterations] ?? outcome.values
            let model = RICAModel(
                weights: learning.weights, values: values, whitening: patches.whitening,
                covariance: patches.covariance, encoder: shared.encoder)
            let imageEncoder = ImageEncoder(model: model, shape: data.shape, path: path == .reduced ? nil : path)
            let state = "encoding for try \(start + 1)"
            let images = try EncodedImages(
                data.train, width: imageEncoder.features, order: patches.order, communicator: communicator,
                checkpoints: (checkpoints, state), encode: imageEncoder.encode)
            defer { checkpoints.detach(state) }
            for number in start..<start + grid.costs.count where number >= tried {
                let one = settings(ofTry: number), accuracy = try score(images, cost: one.cost, number: number)
                table += "\(lambda),\(one.iterations),\(one.encoder.rawValue),\(one.cost),\(accuracy)\n"
                progress.say(
                    "validate: λ \(lambda), \(one.iterations) iterations, \(one.encoder.rawValue), C \(one.cost): "
                        + "\(accuracy)")
                if accuracy > best.accuracy { best = (number, accuracy) }
                (tried, scored) = (number + 1, (0, 0))
            }
        }
    }

    /// The mean accuracy on the held-out fifth of every fold.
    private func score(_ images: EncodedImages, cost: Double, number: Int) throws -> Double {
        for (index, fold) in folds.enumerated().dropFirst(scored.folds) {
            let stream = RandomStream(seed: settings.seed, purpose: .validation, stream: index)
            let held = Set(stream.sample(max(1, fold.count / 5), below: fold.count))
            let (features, labels, parts) = images.selecting(
                fold.indices.filter { !held.contains($0) }.map { fold[$0] })
            let classifier = try LinearClassifier(
                standardising: features, labels: labels, classes: data.classes, cost: cost, parts: parts,
                order: images.order, communicator: communicator,
                checkpoints: (checkpoints, "fold \(index + 1) of try \(number + 1)"))
            let (heldFeatures, heldLabels, heldParts) = images.selecting(
                fold.indices.filter(held.contains).map { fold[$0] })
            let right = zip(heldParts.flatMap { classifier.predict(heldFeatures.rows($0)) }, heldLabels).count {
                $0 == $1
            }
            scored.sum += Double(try communicator.allReduce(Int64(right))) / Double(held.count)
            scored.folds = index + 1
        }
        return scored.sum / Double(folds.count)
    }
}

extension Validation: Checkpointable {
    func archive(to archive: StateArchive) throws {
        try archive.number("tried", &tried)
        try archive.number("scored-folds", &scored.folds, in: 0...folds.count)
        try archive.number("scored-sum", &scored.sum)
        try archive.number("best", &best.number)
        try archive.number("accuracy", &best.accuracy)
        try archive.text("table", &table)
    }
}
