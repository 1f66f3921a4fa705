import Layers
import Parallel

/// What a run will cost, worked out before it: `--dry-run` prints it, the banner shows a part.
public struct MLPPlan {
    public let dynamicParameters: Int
    public let learnedParameters: Int
    public let fullParameters: Int
    /// n_v·n_h of the predicted layers, of which `proportion` is learned.
    public let predictedWeights: Int
    /// Every value of the dense net of the same widths.
    public let denseParameters: Int
    public let proportion: Double
    /// Bytes of the values that are reduced in one step.
    public let bytesPerStep: Int
    /// What the busiest rank sends in one.
    public let wireBytesPerStep: Int
    /// Of every layer: the paths with their costs on one rank's part of a batch, cheapest first.
    public let costs: [[PathCost]]
    public let paths: [ComputePath]
    /// Bytes a rank holds at most (docs/mlp.md has the formula).
    public let bytes: Int

    /// - Parameters:
    ///   - forced: the path that the user chose, for the layers that have it.
    ///   - training: training images.
    public init(settings: MLPSettings, model: MLPModel, exchange: any Exchange, ranks: Int, forced: ComputePath?, training: Int) {
        dynamicParameters = model.dynamicParameters
        learnedParameters = model.values.count
        fullParameters = model.fullParameters
        predictedWeights = model.predictedWeights
        denseParameters = model.denseParameters
        proportion = model.proportion
        bytesPerStep = 4 * model.values.count
        wireBytesPerStep = exchange.wireBytesPerStep
        let samples = settings.samplesPerRank(ranks)
        costs = model.weights.enumerated().map { k, layer in
            let all = layer.stepCosts(samples: samples, isFirst: k == 0)
            return model.learnedDictionaries[k] == nil ? all : all.filter { $0.path == .expanded }
        }
        paths = costs.map { costs in costs.first { $0.path == forced }?.path ?? costs[0].path }

        let first = model.weights[0], images = training * (first.grid.inputs + 1)
        let pooledImages = training * first.columns.count * (first.valuesPerUnit + 1)
        // A batch in every layer, then W and its gradient, or what pools.
        var activations = model.weights.last!.units, workspaces = 0, expanded = 0, dictionaries = 0
        for (k, layer) in model.weights.enumerated() {
            let inputs = layer.grid.inputs + 1, pooled = layer.columns.count * (layer.valuesPerUnit + 1)
            activations += inputs + layer.units
            if layer.isDense { continue }
            // A learned U is among the values.
            if model.learnedDictionaries[k] == nil {
                dictionaries += layer.columns.count * layer.columns[0].alpha.count * layer.grid.positions
            }
            expanded += 2 * layer.units * inputs
            switch paths[k] {
            case .expanded: workspaces += 2 * layer.units * inputs
            case .pooled: workspaces += inputs * pooled + 2 * samples * pooled
            case .reduced: workspaces += samples * pooled
            }
        }
        let values = model.values.count
        let state = zip(exchange.updated, model.values.buckets).reduce(0) { $0 + $1.0.count * $1.1.valuesPerUnit }
        let learning = (paths[0] == .reduced ? pooledImages : images) + samples * activations + workspaces + values + state
        var before = 0
        if settings.preparesFromData {
            let network = max(sampleChunk, samples) * activations + expanded + values
            before = images + network + settings.widths.indices.map { settings.preparation(layer: $0, of: model, samples: samples) }.max()!
        }
        // Beside them the labels of the images and their order in an epoch.
        bytes = 4 * (max(learning, before) + values + dictionaries) + 20 * training
    }
}

extension MLPSettings {
    /// The most Floats that making a layer's dictionary or pre-training it takes, beside the network that its inputs come from; a Double
    /// is two.
    fileprivate func preparation(layer k: Int, of model: MLPModel, samples: Int) -> Int {
        let layer = model.weights[k], inputs = layer.grid.inputs + 1, positions = layer.grid.positions
        /// Values, their gradient and velocity, where they are not all weights W with its gradient, and a batch on its way.
        func autoencoder(_ units: Int, _ valuesPerUnit: Int, isDense: Bool) -> Int {
            units * (3 * (valuesPerUnit + 1) + (isDense ? 0 : 2 * inputs)) + samples * 2 * (inputs + units)
        }
        let dictionary =
            switch dictionaries[k] {
            // Moments, the covariance and its factorisation in Double, a chunk of inputs and its products.
            case .emp, .emp2, .pca: 8 * positions * positions + sampleChunk * inputs
            // Centres, a chunk, their products, sums in Double.
            case .kmeans: 3 * MLPSettings.poolSize * inputs + sampleChunk * (inputs + MLPSettings.poolSize)
            case .ae: autoencoder(MLPSettings.poolSize, inputs - 1, isDense: true)
            case .se, .randfixu, .randcon, .lowrank, .dct, .fourier, .haar, .dense: 0
            }
        let isPretrained = pretrainEpochs > 0 && !dictionaries[k].isLearned
        return max(dictionary, isPretrained ? autoencoder(layer.units, layer.valuesPerUnit, isDense: layer.isDense) : 0)
    }
}
