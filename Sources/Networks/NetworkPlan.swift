import DataParallel
import Datasets
import Layers
import LinearAlgebra

/// What a run will cost, worked out before it from shapes alone: `--dry-run` prints it, the banner shows a part.
public struct NetworkPlan {
    /// The stages of the run in their order.
    public let stages: [StagePlan]
    /// Σ n_α·n_h of the predicted layers, at the end.
    public let dynamicParameters: Int
    /// Every value that is learned in one of the stages, at the end.
    public let learnedParameters: Int
    /// Σ n_v·n_h of all layers but the softmax layer; biases are not counted.
    public let fullParameters: Int
    /// n_v·n_h of the predicted layers, of which `proportion` is learned.
    public let predictedWeights: Int
    /// Every value of the dense net of the same widths.
    public let denseParameters: Int
    /// Σ n_α·n_h / Σ n_v·n_h of the predicted layers, at the end; 1 where nothing is predicted.
    public let proportion: Double
    /// Bytes of the values that are reduced in one step, and what the busiest rank sends in it: means over the run's
    /// steps.
    public let bytesPerStep: Int
    public let wireBytesPerStep: Int
    /// Bytes a rank holds at most (docs/mlp.md has the formula).
    public let bytes: Int
    /// Bytes of model.safetensors: the values and every U.
    public let modelBytes: Int

    /// - Parameters:
    ///   - forced: the path that the user chose, for the layers that have it.
    ///   - training: training samples that are used.
    ///   - files: training samples in the files, which are mapped whole; nil: as many.
    ///   - test: samples of the test, which the ranks share.
    ///   - initial: the most values of a layer in the file that training starts from; nil: there is none.
    ///   - ranks: those that share the work; none of them is asked.
    /// - Throws: `DictionaryError` where a dictionary holds fewer atoms than are asked for.
    public init(
        _ settings: NetworkSettings, exchange: ExchangeOptions, ranks: Int, forced: ComputePath?, training: Int,
        files: Int? = nil, test: Int = 0, initial: Int? = nil
    ) throws(DictionaryError) {
        var stages: [StagePlan] = []
        for stage in settings.stages {
            // Turns cost what the turn before last did.
            if let like = stages.first(where: { $0.stage.isLike(stage) }) {
                stages.append(StagePlan(stage, like: like))
            } else {
                stages.append(
                    try StagePlan(
                        stage, of: settings, exchange: exchange, ranks: ranks, forced: forced, training: training))
            }
        }
        self.stages = stages
        // Where turns are taken, the last stage may be of either kind.
        let last = stages.last!.shape
        dynamicParameters = last.dynamicParameters
        learnedParameters =
            last.layers.reduce(0) { $0 + $1.values } + stages.map(\.shape.learnedDictionaryValues).max()!
        fullParameters = last.fullParameters
        predictedWeights = last.predictedWeights
        denseParameters = last.denseParameters
        proportion = last.proportion
        func mean(_ bytes: (StagePlan) -> Int) -> Int {
            let epochs = stages.map { max(1, $0.stage.epochs.count) }  // none at all is one stage of none
            return zip(stages, epochs).reduce(0) { $0 + bytes($1.0) * $1.1 } / epochs.reduce(0, +)
        }
        bytesPerStep = mean(\.cost.bytesPerStep)
        wireBytesPerStep = mean(\.cost.wireBytesPerStep)

        let before =
            settings.preparesFromData
            ? settings.preparationFloats(of: stages[0].shape, exchange: exchange, ranks: ranks, training: training) : 0
        // What training starts from, or a stage hands to the next, the labels of the samples and their order in an
        // epoch stand beside.
        let handed = stages.count > 1 ? last.modelFloats : last.learnedValues
        modelBytes = 4 * last.modelFloats + settings.whiteningBytes
        let model = stages.map { $0.shape.modelFloats + $0.shape.dataFloats }.max()!
        let isPrepared = settings.preparesFromData
        let kept = stages.map { $0.shape.keptFloats(isPrepared: isPrepared) + $0.cost.heldFloats }.max()!
        let fitting = initial.map { $0 + stages[0].shape.fittingFloats } ?? 0
        let whitening = settings.whiteningFloats(exchange: exchange, ranks: ranks, training: training)
        // Where few of the images are used: those of the files, and a rank's test images, which are then more.
        let first = stages.last!.shape.layers[0].weights, isReduced = stages.last!.paths[0] == .reduced
        let floats = (settings.preprocessing == .whiten ? settings.network.input.count + 1 : 0)
            + (isReduced ? first.pooledInputs : 0)
        let more = max(0, (files ?? training) - training) * settings.network.input.count
            + 4 * floats * max(0, (test + ranks - 1) / ranks - training)
        let learning = max(stages.map(\.floats).max()!, before, fitting) + model + handed + kept
        bytes = 4 * max(learning, whitening) + 20 * training + more
    }
}

/// One stage's part of a plan.
public struct StagePlan {
    /// Its epochs and what it learns.
    public let stage: TrainingStage
    /// The layers with weights, and the parameters.
    public let shape: ModelShape
    /// What its exchange sends and holds.
    public let cost: ExchangeCost
    /// The layers with weights, the softmax layer last.
    public let layers: [LayerPlan]
    /// Floats that a rank holds beside the model while it learns.
    let floats: Int

    /// A stage that costs what another one does.
    init(_ stage: TrainingStage, like other: StagePlan) {
        self.stage = stage
        shape = other.shape
        cost = other.cost
        layers = other.layers
        floats = other.floats
    }

    /// The path of every layer.
    public var paths: [ComputePath] { layers.map(\.path) }

    init(
        _ stage: TrainingStage, of settings: NetworkSettings, exchange: ExchangeOptions, ranks: Int,
        forced: ComputePath?, training: Int
    ) throws(DictionaryError) {
        let samples = exchange.reduction.largestPart(of: settings.batch, ranks: ranks)
        let shape = try ModelShape(settings, stage: stage)
        let expanded = exchange.sumsExpanded ? shape.expanded : nil
        let epoch = (training + settings.batch - 1) / settings.batch
        let cost = ExchangeCost(exchange, parameters: shape.parameters, expanded: expanded, epoch: epoch, ranks: ranks)
        let steps = max(1, stage.epochs.count) * epoch
        // Costs are those of a part of a batch; a rank has as many parts as its count allows, which must not choose the
        // path.
        let parts = exchange.reduction == .fast ? 1 : ShardTree.shards
        let pooling = try shape.poolingEstimate(isTurned: settings.curriculum.takesTurns, training: training)
        layers = shape.layers.map { layer in
            let readsSamples = layer.spec.place == 0, isFirst = layer.spec.isFirst
            let all =
                if let convolution = layer.spec.convolution {
                    layer.weights.stepCosts(
                        of: convolution, pooled: layer.pooled, samples: samples, readsPlanes: readsSamples,
                        isFirst: isFirst)
                } else {
                    layer.weights.stepCosts(
                        samples: samples, isFirst: isFirst,
                        pooling: readsSamples && settings.augmentation == nil
                            ? pooling / Double(max(1, steps) * parts) : nil)
                }
            let canPool = layer.dictionaryParameter == nil && !exchange.sumsExpanded
            let costs = canPool ? all : all.filter { $0.path == .expanded }
            return LayerPlan(
                name: layer.name, costs: costs, path: costs.first { $0.path == forced }?.path ?? costs[0].path)
        }
        self.stage = stage
        self.shape = shape
        self.cost = cost
        floats =
            shape.trainingFloats(
                paths: layers.map(\.path), samples: samples, training: training, owners: exchange.isSharded ? ranks : 1)
            + cost.heldFloats + (expanded == nil ? 0 : shape.denseFloats) + settings.whitenedFloats(training: training)
    }
}

/// One layer's part of a stage.
public struct LayerPlan: Sendable {
    public let name: String
    /// The paths that the layer has, with their costs on one rank's part of a batch, cheapest first.
    public let costs: [PathCost]
    /// The path asked for, where the layer has it, else the cheapest.
    public let path: ComputePath
}
