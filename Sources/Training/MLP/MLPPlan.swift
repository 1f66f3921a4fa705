import Layers
import Parallel

/// What a run will cost, worked out before it: `--dry-run` prints it, the banner shows a part.
public struct MLPPlan {
    public let dynamicParameters: Int
    public let learnedParameters: Int
    public let fullParameters: Int
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
        proportion = model.proportion
        bytesPerStep = 4 * model.values.count
        wireBytesPerStep = ranks == 1 ? 0 : exchange.wireBytesPerStep
        let samples = (settings.batch + ranks - 1) / ranks
        costs = model.weights.enumerated().map { k, layer in
            let all = layer.stepCosts(samples: samples, isFirst: k == 0)
            return model.learnedDictionaries[k] == nil ? all : all.filter { $0.path == .expanded }
        }
        paths = costs.map { costs in costs.first { $0.path == forced }?.path ?? costs[0].path }

        let first = model.weights[0], images = training * (first.grid.inputs + 1)
        let pooledImages = training * first.columns.count * (first.valuesPerUnit + 1)
        var network = samples * model.weights.last!.units, dictionaries = 0, expanded = 0
        for (layer, path) in zip(model.weights, paths) {
            let inputs = layer.grid.inputs + 1, pooled = layer.columns.count * (layer.valuesPerUnit + 1)
            network += samples * (inputs + layer.units)
            if layer.isDense { continue }
            dictionaries += layer.columns.count * layer.columns[0].alpha.count * layer.grid.positions
            expanded += 2 * layer.units * inputs
            switch path {
            case .expanded: network += 2 * layer.units * inputs
            case .pooled: network += inputs * pooled + 2 * samples * pooled
            case .reduced: network += inputs * pooled + samples * pooled
            }
        }
        let values = model.values.count
        let state = zip(exchange.updated, model.values.buckets).reduce(0) { $0 + $1.0.count * $1.1.valuesPerUnit }
        let learning = (paths[0] == .reduced ? pooledImages : images) + network + values + state
        // Before it, where dictionaries come from data or layers are pre-trained: raw images, expanded layers, and the largest
        // covariance with its factorisation in Double.
        let largest = model.weights.dropLast().map(\.grid.positions).max()!
        let before = settings.preparesFromData ? images + 2 * expanded + 2 * values + 8 * largest * largest : 0
        // Beside them the labels of the images and their order in an epoch.
        bytes = 4 * (max(learning, before) + values + dictionaries) + 20 * training
    }
}
