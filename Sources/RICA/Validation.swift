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
    private let communicator: Communicator
    private let progress: ProgressLog
    /// lambda,iterations,encoder,cost,accuracy: a line each try.
    private(set) var table = "lambda,iterations,encoder,cost,accuracy\n"

    init(
        grid: ValidationGrid, settings: RICASettings, weights: PredictedWeights, data: Dataset, patches: RICAPatches,
        path: ComputePath?,
        communicator: Communicator, progress: ProgressLog
    ) {
        self.grid = grid
        self.settings = settings
        self.weights = weights
        self.data = data
        self.patches = patches
        self.path = path
        self.communicator = communicator
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
        var best = settings, bestAccuracy = -1.0
        for lambda in grid.lambdas {
            var tried = settings
            tried.lambda = lambda
            tried.iterations = grid.iterations.max()!
            let learning = RICALearning(
                settings: tried, weights: weights, patches: patches, path: path, ranks: communicator.size)
            let outcome = try learning.run(
                communicator: communicator, progress: progress, snapshots: Set(grid.iterations))
            for iterations in grid.iterations {
                tried.iterations = iterations
                for encoder in grid.encoders {
                    tried.encoder = encoder
                    // A run that ended early stands for all later numbers of iterations.
                    let values = outcome.snapshots[iterations] ?? outcome.values
                    let model = RICAModel(
                        weights: learning.weights, values: values, whitening: patches.whitening,
                        covariance: patches.covariance,
                        encoder: encoder)
                    let imageEncoder = ImageEncoder(
                        model: model, shape: data.shape, path: path == .reduced ? nil : path)
                    let images = try EncodedImages(
                        data.train, width: imageEncoder.features, order: patches.order, communicator: communicator,
                        encode: imageEncoder.encode)
                    for cost in grid.costs {
                        tried.cost = cost
                        let accuracy = try score(images, cost: cost)
                        table += "\(lambda),\(iterations),\(encoder.rawValue),\(cost),\(accuracy)\n"
                        progress.say(
                            "validate: λ \(lambda), \(iterations) iterations, \(encoder.rawValue), C \(cost): "
                                + "\(accuracy)"
                        )
                        if accuracy > bestAccuracy { (best, bestAccuracy) = (tried, accuracy) }
                    }
                }
            }
        }
        progress.say(
            "validate: chosen λ \(best.lambda), \(best.iterations) iterations, \(best.encoder.rawValue), C "
                + "\(best.cost) with \(bestAccuracy)"
        )
        return best
    }

    /// The mean accuracy on the held-out fifth of every fold.
    private func score(_ images: EncodedImages, cost: Double) throws -> Double {
        var sum = 0.0
        for (index, fold) in folds.enumerated() {
            let stream = RandomStream(seed: settings.seed, purpose: .validation, stream: index)
            let held = Set(stream.sample(max(1, fold.count / 5), below: fold.count))
            let (features, labels, parts) = images.selecting(
                fold.indices.filter { !held.contains($0) }.map { fold[$0] })
            let classifier = try LinearClassifier(
                standardising: features, labels: labels, classes: data.classes, cost: cost, parts: parts,
                order: images.order,
                communicator: communicator)
            let (heldFeatures, heldLabels, heldParts) = images.selecting(
                fold.indices.filter(held.contains).map { fold[$0] })
            let right = zip(heldParts.flatMap { classifier.predict(heldFeatures.rows($0)) }, heldLabels).count {
                $0 == $1
            }
            sum += Double(try communicator.allReduce(Int64(right))) / Double(held.count)
        }
        return sum / Double(folds.count)
    }
}
