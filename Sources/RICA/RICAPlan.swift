import DataParallel
import Datasets
import Layers
import LinearAlgebra
import Parallel
import Partition

/// What a run will cost, worked out before it: `--dry-run` prints it, the banner shows a part.
public struct RICAPlan {
    public let dynamicParameters: Int
    public let fullParameters: Int
    public let proportion: Double
    /// Bytes of the values that are reduced in one evaluation: 4·N.
    public let bytesPerStep: Int
    /// What the busiest rank sends in one: 4·(N + (P−2)·n_max), 0 at one rank; in a reproducible reduction as
    /// `OrderedSum` says.
    public let wireBytesPerStep: Int
    /// Every path with its cost on one rank's patches, cheapest first.
    public let costs: [PathCost]
    public let path: ComputePath
    /// Bytes a rank holds at most while it learns, and while it encodes and classifies (docs/rica.md has the formula).
    public let learningBytes: Int
    public let classifyingBytes: Int
    /// Bytes that the files of the run take: the model twice, since classifiers come into a second one, the predictions
    /// and the metrics.
    public let fileBytes: Int
    /// Bytes of features.safetensors, which `--phase encode` writes.
    public let featureBytes: Int
    /// Bytes a rank holds at most in that phase, the mean over ranks: rank 0 holds all features of a set twice while it
    /// writes them.
    public let encodingBytes: Int
    /// Bytes beside those of learning that `--validate` takes: encoded training images, twice, and those of a fold.
    private let searchingBytes: Int

    /// Bytes of the features in the copy that a checkpoint takes.
    private let copiedBytes: Int

    /// - Parameters:
    ///   - forced: the path that the user chose.
    ///   - order: how sums over samples are formed.
    ///   - training: training images; `fold` of them train one classifier.
    ///   - folds: classifiers.
    ///   - test: test images.
    public init(
        settings: RICASettings, weights: WeightShape, ranks: Int, forced: ComputePath?, order: ReductionOrder = .fast,
        training: Int, fold: Int, folds: Int = 1, test: Int, classes: Int = 10
    ) {
        let values = weights.learnedValues
        let cut = Cut(weights.units, into: ranks).scaled(by: weights.valuesPerUnit)
        let share = (0..<ranks).map { cut[$0].count }.max()!
        dynamicParameters = weights.isDense ? 0 : values
        fullParameters = weights.fullWeights
        proportion = weights.proportion
        bytesPerStep = 4 * values
        let sum = SumSizes(owned: (0..<ranks).map { cut[$0].count }, order: order)
        wireBytesPerStep = 4 * sum.busiest
        let patches = order.largestRange(of: settings.patches, ranks: ranks)
        costs = weights.costs(samples: order.largestPart(of: settings.patches, ranks: ranks))
        path = forced ?? costs[0].path

        let n = weights.grid.count, width = 4 * settings.encoder.width * weights.units
        let pooled = path == .reduced ? patches * weights.columns * weights.valuesPerUnit : 0
        // Doubles count as two.
        let bases = weights.isDense ? 0 : weights.columns * weights.valuesPerUnit * (2 * n + weights.valuesPerUnit)
        let workspaces = 6 * values + 7 * weights.fullWeights + (1 << 18) + 7 * n * n + bases
        // In a reproducible reduction parts of the sum, and 33 inner products a unit in Double.
        let optimiser = 2 * values + 15 * share + (order == .fixed ? sum.heldValues + 66 * weights.units : 0)
        let whitening = min(RICAPatches.chunk, order.largestPart(of: settings.whiteningPatches, ranks: ranks)) * n
        // The copy for a checkpoint: the point, what learning has left, the pairs of L-BFGS and the gradient.
        let kept = 2 * values + 11 * share + (settings.madeFrom == nil ? 0 : weights.dictionaryValues)
        learningBytes = 4 * (max(whitening, 2 * patches * n) + patches * n + pooled + workspaces + optimiser + kept)
            + settings.dictionaryBytes(of: weights.grid, order: order, ranks: ranks)
            // The features of a file, and what fits w to them, in Double.
            + (settings.initial == nil ? 0 : 4 * (8 * weights.fullWeights + 3 * values + bases))
        classifyingBytes = 4 * width * ((training + fold + test + ranks - 1) / ranks)
        let alpha = weights.columns * weights.valuesPerUnit
        let isStored = settings.storesDictionary
        let model = values + alpha + n * (n + 1) + weights.units + 3 * settings.patches
            + (isStored ? weights.dictionaryValues : 0)
        let classifiers = folds * (2 * width + classes * (width + 1))
        // A line of predictions.csv has a fold, an index of up to nine digits and two classes.
        fileBytes = 2 * 4 * (model + classifiers) + folds * test * 20 + settings.iterations * 128
        featureBytes = 4 * (width + 1) * (training + test)
        encodingBytes = 4 * width * ((training + test + ranks - 1) / ranks)
            + 4 * (width + 1) * max(2 * training, training + 2 * test) / ranks
        let widest = 4 * Encoder.allCases.map(\.width).max()! * weights.units
        // The training images again, in the copy that a checkpoint takes.
        searchingBytes = 4 * widest * ((2 * training + fold + ranks - 1) / ranks)
        copiedBytes = 4 * width * ((training + test + ranks - 1) / ranks)
    }

    /// What a phase takes: bytes of memory that a rank holds at most, and bytes that it writes.
    ///
    /// - Parameter searches: whether `--validate` chooses something.
    public func needs(of phase: RICAExperiment.Phase, searches: Bool) -> (memory: Int, disk: Int) {
        let learning = learningBytes + (searches ? searchingBytes : 0)
        return switch phase {
        case .learn: (learning, fileBytes)
        case .encode: (encodingBytes + copiedBytes, featureBytes)
        case .classify: (classifyingBytes, fileBytes)
        case .all: (max(learning, classifyingBytes + copiedBytes), fileBytes)
        }
    }
}

extension RICASettings {
    /// Bytes that a rank holds while it makes the dictionary from patches: they and they whitened, and what is made of
    /// them; 0 where the dictionary needs none.
    fileprivate func dictionaryBytes(of grid: TensorShape, order: ReductionOrder, ranks: Int) -> Int {
        guard let need = prediction?.dictionary.need else { return 0 }
        let made = LayerInputs.floats(for: need, grid: grid) { 2 * order.heldValues(sumOf: $0, ranks: ranks) }
        return 4 * (2 * min(patches, RICASettings.dictionaryPatches) * grid.count + made)
    }
}
