import Datasets
import Layers
import LinearAlgebra

/// What a run will cost, worked out before it: `--dry-run` prints it, the banner shows a part.
public struct MLPPlan {
    /// One stage's part of it.
    public struct Stage {
        /// Its epochs and what it learns.
        public let stage: TrainingStage
        /// Values that are exchanged in a step.
        public let learned: Int
        /// What is reduced in one, and what the busiest rank sends, in bytes.
        public let bytesPerStep: Int
        public let wireBytesPerStep: Int
        /// The paths of every layer with their costs on one rank's part of a batch, cheapest first.
        public let costs: [[PathCost]]
        /// The path of every layer: the one asked for, where the layer has it, else the cheapest.
        public let paths: [ComputePath]
        /// Floats that a rank holds while it learns.
        fileprivate let floats: Int
    }

    /// The stages of the run in their order.
    public let stages: [Stage]
    /// The names of the layers.
    public let layerNames: [String]
    /// Σ n_α·n_h of the predicted layers, at the end.
    public let dynamicParameters: Int
    /// Every value that is learned in one of the stages, at the end.
    public let learnedParameters: Int
    /// Σ n_v·n_h of the hidden layers; biases and the softmax layer are not counted.
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
    ///   - training: training images.
    ///   - ranks: those that share the work; none of them is asked.
    /// - Throws: what `MLPModel` throws.
    public init(
        settings: MLPSettings, shape: ImageShape, classes: Int, exchange: ExchangeOptions, ranks: Int,
        forced: ComputePath?, training: Int
    ) throws {
        let samples = exchange.reduction.largestPart(of: settings.batch, ranks: ranks)
        var stages: [Stage] = []
        var models: [MLPModel] = []
        for stage in settings.stages {
            // Turns cost what the turn before last did.
            if let like = stages.first(where: { $0.stage.isLike(stage) }) {
                stages.append(
                    Stage(
                        stage: stage, learned: like.learned, bytesPerStep: like.bytesPerStep,
                        wireBytesPerStep: like.wireBytesPerStep, costs: like.costs, paths: like.paths,
                        floats: like.floats))
                continue
            }
            let model = try MLPModel(settings: settings, shape: shape, classes: classes, stage: stage)
            let expanded = exchange.sumsExpanded ? model.expandedShapes : nil
            let epoch = (training + settings.batch - 1) / settings.batch
            let cost = ExchangeCost(
                exchange, buckets: model.values.buckets.map { ($0.units, $0.valuesPerUnit) }, expanded: expanded,
                epoch: epoch, ranks: ranks)
            let steps = max(1, stage.epochs.count) * epoch
            // Costs are those of a part of a batch; a rank has as many parts as its count allows, which must not choose
            // the path.
            let parts = exchange.reduction == .fast ? 1 : ShardTree.shards
            let pooling = settings.poolingEstimate(model, training: training) / Double(max(1, steps) * parts)
            let costs = model.weights.enumerated().map { k, layer in
                let all = layer.stepCosts(samples: samples, isFirst: k == 0, pooling: pooling)
                return model.learnedDictionaries[k] == nil && !exchange.sumsExpanded
                    ? all : all.filter { $0.path == .expanded }
            }
            let paths = costs.map { costs in costs.first { $0.path == forced }?.path ?? costs[0].path }
            stages.append(
                Stage(
                    stage: stage, learned: model.values.count, bytesPerStep: cost.bytesPerStep,
                    wireBytesPerStep: cost.wireBytesPerStep, costs: costs, paths: paths,
                    floats: model.floats(
                        paths: paths, samples: samples, training: training, owners: exchange.name == .owned ? ranks : 1)
                        + cost.heldFloats + (expanded == nil ? 0 : model.denseFloats)))
            models.append(model)
        }
        self.stages = stages
        // Where turns are taken, the last stage may be of either kind.
        let last = models.last!
        layerNames = last.names
        dynamicParameters = last.dynamicParameters
        learnedParameters =
            last.layerValues.reduce(0) { $0 + $1.rows * $1.columns } + models.map(\.learnedDictionaryValues).max()!
        fullParameters = last.fullParameters
        predictedWeights = last.predictedWeights
        denseParameters = last.denseParameters
        proportion = last.proportion
        func mean(_ bytes: (Stage) -> Int) -> Int {
            let epochs = stages.map { max(1, $0.stage.epochs.count) }  // none at all is one stage of none
            return zip(stages, epochs).reduce(0) { $0 + bytes($1.0) * $1.1 } / epochs.reduce(0, +)
        }
        bytesPerStep = mean(\.bytesPerStep)
        wireBytesPerStep = mean(\.wireBytesPerStep)

        var before = 0
        if settings.preparesFromData {
            let first = models[0]
            let expanded = first.weights.filter { !$0.isDense }.reduce(0) { $0 + 2 * $1.units * ($1.grid.inputs + 1) }
            let network = max(sampleChunk, samples) * first.activations + expanded + first.values.count
            before =
                training * (first.weights[0].grid.inputs + 1) + network
                + settings.widths.indices.map { k in
                    settings.preparation(
                        layer: k, of: first, samples: samples,
                        sums: { 2 * exchange.reduction.heldValues(sumOf: $0, ranks: ranks) }
                    ) { units, valuesPerUnit, inputs in
                        let summed = (units, exchange.sumsExpanded ? inputs : valuesPerUnit + 1)
                        return ExchangeCost(exchange, buckets: [summed], ranks: ranks).heldFloats
                    }
                }.max()!
        }
        // What training starts from, or a stage hands to the next, the labels of the images and their order in an epoch
        // stand beside.
        let handed = stages.count > 1 ? last.heldFloats : last.values.count
        modelBytes = 4 * last.heldFloats
        bytes =
            4 * (max(stages.map(\.floats).max()!, before) + models.map(\.heldFloats).max()! + handed) + 20 * training
    }
}

extension MLPModel {
    /// Floats of the values and of every U.
    fileprivate var heldFloats: Int {
        let dictionaries = weights.enumerated().filter { !$1.isDense && learnedDictionaries[$0] == nil }.map(\.element)
        return layerValues.reduce(0) { $0 + $1.rows * $1.columns } + learnedDictionaryValues
            + dictionaries.reduce(0) { $0 + $1.columns.count * $1.columns[0].alpha.count * $1.grid.positions }
    }

    /// Values of every U that is learned.
    fileprivate var learnedDictionaryValues: Int {
        learnedDictionaries.reduce(0) { $0 + ($1.map { values.buckets[$0].count } ?? 0) }
    }

    /// Weights and biases of the layers that are not predicted.
    fileprivate var denseFloats: Int { weights.filter(\.isDense).reduce(0) { $0 + $1.units * ($1.grid.inputs + 1) } }

    /// A sample in every layer.
    fileprivate var activations: Int { weights.reduce(weights.last!.units) { $0 + $1.grid.inputs + 1 + $1.units } }

    /// Floats that training with it takes beside itself: data, workspaces, gradient, the optimiser's state.
    ///
    /// - Parameter owners: ranks that divide the units of every bucket; 1: every rank updates all.
    fileprivate func floats(paths: [ComputePath], samples: Int, training: Int, owners: Int) -> Int {
        let first = weights[0]
        let row = paths[0] == .reduced ? first.columns.count * (first.valuesPerUnit + 1) : first.grid.inputs + 1
        // A batch in every layer, then W and its gradient, or what pools.
        var workspaces = 0
        for (k, layer) in weights.enumerated() where !layer.isDense {
            let inputs = layer.grid.inputs + 1
            let pooled = layer.columns.count * (layer.valuesPerUnit + 1)
            switch paths[k] {
            case .expanded: workspaces += 2 * layer.units * inputs
            case .pooled: workspaces += inputs * pooled + 2 * samples * pooled
            case .reduced: workspaces += samples * pooled
            }
        }
        // That of the rank that owns most.
        let state = values.buckets.reduce(0) { $0 + ($1.units + owners - 1) / owners * $1.valuesPerUnit }
        // A chunk of images on its way to their rows, a byte a value; where it is pooled, in Float, too, and what blurs
        // it: inverses, one of them on its way from Double, and 400 images.
        var chunk = sampleChunk / 4 * first.grid.inputs
        if paths[0] == .reduced {
            chunk += sampleChunk * (first.grid.inputs + 1)
            if dictionaries[0] is SquaredExponential {
                let alpha = first.columns[0].alpha.count
                chunk += (first.columns.count + 10) * alpha * alpha + 400 * first.grid.positions
            }
        }
        return training * row + chunk + samples * activations + workspaces + values.count + state
    }
}

extension MLPSettings {
    /// The estimate of pooling all training images for the first layer, the way that training takes: where U has had
    /// its turn, it is no longer separable.
    fileprivate func poolingEstimate(_ model: MLPModel, training: Int) -> Double {
        let first = model.weights[0]
        guard alternate == nil, let dictionary = model.dictionaries[0] as? SquaredExponential,
            SeparablePooling.pays(dictionary, of: first, samples: training)
        else { return first.poolingEstimate(samples: training) }
        return SeparablePooling.estimates(dictionary, of: first, samples: training).separable
    }

    /// The most Floats that making a layer's dictionary or pre-training it takes, beside the network that its inputs
    /// come from; a Double is two.
    ///
    /// - Parameters:
    ///   - sums: of a sum of so many Doubles over ranks.
    ///   - held: of the exchange of units × (values a unit + 1), whose W is units × inputs.
    fileprivate func preparation(
        layer k: Int, of model: MLPModel, samples: Int, sums: (Int) -> Int, held: (Int, Int, Int) -> Int
    ) -> Int {
        let layer = model.weights[k]
        let inputs = layer.grid.inputs + 1
        let positions = layer.grid.positions
        /// Values, their gradient and velocity, where they are not all weights W with its gradient, and a batch on its
        /// way.
        func autoencoder(_ units: Int, _ valuesPerUnit: Int, isDense: Bool) -> Int {
            units * (3 * (valuesPerUnit + 1) + (isDense ? 0 : 2 * inputs)) + samples * 2 * (inputs + units)
                + held(units, valuesPerUnit, inputs)
        }
        let dictionary =
            switch dictionaries[k] {
            // Moments, the covariance and its factorisation in Double, a chunk of inputs and its products.
            case .emp, .emp2, .pca:
                8 * positions * positions + sampleChunk * inputs + sums(positions * (positions + 3) / 2 + 1)
            // Centres, a chunk, their products, sums in Double.
            case .kmeans:
                3 * MLPSettings.poolSize * inputs + sampleChunk * (inputs + MLPSettings.poolSize)
                    + sums(MLPSettings.poolSize * inputs)
            case .ae: autoencoder(MLPSettings.poolSize, inputs - 1, isDense: true)
            case .se, .randfixu, .randcon, .lowrank, .dct, .fourier, .haar, .downsample, .dense: 0
            }
        let isPretrained = pretrainEpochs > 0 && !dictionaries[k].isLearned
        return max(dictionary, isPretrained ? autoencoder(layer.units, layer.valuesPerUnit, isDense: layer.isDense) : 0)
    }
}
