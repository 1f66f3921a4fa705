import Datasets
import Layers
import LinearAlgebra
import Parallel

extension DictionaryError: ExitCoded {
    public var exitCode: Int32 { 64 }
}

/// A perceptron's layers with their learned values: what training steps, and what a model file holds.
public final class MLPModel {
    /// The hidden layers, then the softmax layer, which is dense.
    public let weights: [PredictedWeights]
    /// A bucket a layer, units × (n_α + 1), a unit's w and its bias; then one for every U that is learned, J·positions × atoms.
    public let values: LearnedValues
    /// Of every layer: the bucket of its U, where that is learned.
    public let learnedDictionaries: [Int?]
    /// Of every layer: what its columns choose from; nil where it is dense. Those made from data are zeros until `fill`.
    public private(set) var dictionaries: [(any WeightDictionary)?]
    private let settings: MLPSettings

    /// The model that training starts from: w uniform in ±.1, that of the softmax layer in ±.02, biases 0 (the released settings of
    /// Denil et al. 2013), drawn by position in the model, so that they are the same on every rank. Dictionaries that need data are
    /// zeros until `fill`.
    ///
    /// - Throws: `DictionaryError` where a dictionary holds fewer atoms than are asked for; `FactorisationError` where a kernel matrix
    ///   is not positive definite.
    public init(settings: MLPSettings, shape: ImageShape, classes: Int) throws {
        self.settings = settings
        var grids = [PixelGrid(channels: shape.channels, height: shape.height, width: shape.width)]
        grids += settings.widths.map { PixelGrid(channels: 1, height: 1, width: $0) }
        let plans = settings.widths.indices.map { k in settings.plan(layer: k, grid: grids[k]) }
        var shapes = settings.widths.indices.map { k in
            ("hidden\(k + 1)", settings.widths[k], (plans[k]?.count ?? grids[k].positions) * grids[k].channels + 1)
        }
        shapes.append(("softmax", classes, grids.last!.inputs + 1))
        var learned: [Int?] = []
        for (k, plan) in plans.enumerated() {
            guard let plan, settings.dictionaries[k].isLearned else {
                learned.append(nil)
                continue
            }
            learned.append(shapes.count)
            shapes.append(("hidden\(k + 1).U", settings.columns * grids[k].positions, plan.count))
        }
        learnedDictionaries = learned + [nil]
        dictionaries = plans.map { $0?.dictionary } + [nil]
        let values = LearnedValues(shapes.map { (name: $0.0, units: $0.1, valuesPerUnit: $0.2) })
        self.values = values

        var layers: [PredictedWeights] = []
        for (k, plan) in plans.enumerated() {
            guard let plan else {
                layers.append(.dense(grid: grids[k], units: settings.widths[k]))
                continue
            }
            let cut = Cut(settings.widths[k], into: settings.columns), positions = grids[k].positions
            layers.append(
                PredictedWeights(
                    grid: grids[k],
                    columns: try (0..<settings.columns).map { j in
                        let stream = settings.stream(layer: k, column: j)
                        let alpha = try plan.dictionary.choose(plan.count, stream: stream)
                        var u = try plan.dictionary.matrix(alpha: alpha, stream: stream)
                        if let bucket = learned[k] {
                            let place = values.matrix(bucket).rows(j * positions..<(j + 1) * positions)
                            place.copy(from: u)
                            u = place
                        }
                        return Column(units: cut[j], alpha: alpha, dictionary: u)
                    }))
        }
        weights = layers + [.dense(grid: grids.last!, units: classes)]
        for (k, layer) in weights.enumerated() {
            let bucket = values.matrix(k), limit: Float = k == weights.count - 1 ? 0.02 : 0.1, width = layer.valuesPerUnit
            let stream = RandomStream(seed: settings.seed, purpose: .initialValues, stream: k)
            for unit in 0..<layer.units {
                stream.fillUniform(.init(rebasing: bucket.row(unit)[..<width]), from: unit * width, in: -limit..<limit)
            }
        }
    }

    /// Gives the columns of a layer the dictionary that was made from its inputs, in place.
    ///
    /// - Throws: `FactorisationError`.
    func fill(layer k: Int, with dictionary: any WeightDictionary) throws {
        dictionaries[k] = dictionary
        for (j, column) in weights[k].columns.enumerated() {
            column.dictionary!.copy(
                from: try dictionary.matrix(alpha: column.alpha, stream: settings.stream(layer: k, column: j)))
        }
    }

    /// A network on the model's values and dictionaries as they are now.
    ///
    /// - Parameters:
    ///   - gradient: of the shape of `values`: where the network leaves its gradient.
    ///   - paths: of every layer.
    ///   - capacity: the most samples of one batch.
    public func network(gradient: LearnedValues, paths: [ComputePath], capacity: Int) -> MLPNetwork {
        let layers = weights.indices.map { k in
            FullyConnected(
                weights: weights[k], values: values.matrix(k), gradient: gradient.matrix(k), capacity: capacity, path: paths[k],
                dictionaryGradient: learnedDictionaries[k].map { gradient.matrix($0) })
        }
        return MLPNetwork(
            layers: layers, activation: settings.activation, dropoutRate: Float(settings.dropout), seed: settings.seed, capacity: capacity)
    }

    /// Of every bucket how many values of a unit have decay and norm: all but the bias, and none of a learned U, whose rows are no units.
    public var weightsPerUnit: [Int] {
        values.buckets.indices.map { $0 < weights.count ? values.buckets[$0].valuesPerUnit - 1 : 0 }
    }

    /// The hidden layers that are predicted.
    private var predicted: [PredictedWeights] { weights.filter { !$0.isDense } }
    /// Σ n_α·n_h over predicted layers.
    public var dynamicParameters: Int { predicted.reduce(0) { $0 + $1.learnedValues } }
    /// Σ n_v·n_h over the hidden layers; biases and the softmax layer are not counted.
    public var fullParameters: Int { weights.dropLast().reduce(0) { $0 + $1.fullWeights } }
    /// Σ n_v·n_h over predicted layers.
    public var predictedWeights: Int { predicted.reduce(0) { $0 + $1.fullWeights } }
    /// Σ n_α·n_h / Σ n_v·n_h over predicted layers; 1 where there is none.
    public var proportion: Double { predicted.isEmpty ? 1 : Double(dynamicParameters) / Double(predictedWeights) }
    /// Every value of the dense net of the same widths: weights, biases, softmax layer.
    public var denseParameters: Int { weights.reduce(0) { $0 + $1.fullWeights + $1.units } }

    /// W of a layer, units × inputs.
    public func expanded(_ layer: Int) -> Matrix<Float> {
        let weights = weights[layer]
        let full = Matrix<Float>(rows: weights.units, columns: weights.grid.inputs)
        weights.expand(values.matrix(layer).columns(0..<weights.valuesPerUnit), into: full)
        return full
    }
}
