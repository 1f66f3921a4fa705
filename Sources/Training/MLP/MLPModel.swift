import Datasets
import Layers
import LinearAlgebra
import Parallel
import Partition

extension DictionaryError: ExitCoded {
    public var exitCode: Int32 { 64 }
}

/// A perceptron's layers with their learned values: what training steps, and what a model file holds.
public final class MLPModel {
    /// The hidden layers, then the softmax layer, which is dense.
    public let weights: [PredictedWeights]
    /// The layers' names: hidden1, hidden2 … softmax.
    public let names: [String]
    /// What the stage learns: a bucket a layer, units × (n_α + 1), a unit's w and its bias; then one for every U that
    /// is learned, J·positions × atoms.
    public let values: LearnedValues
    /// The values of every layer, units × (n_α + 1): its bucket, or held in the stage.
    public let layerValues: [Matrix<Float>]
    /// The bucket of every layer; nil where its values are held.
    public let buckets: [Int?]
    /// The bucket of every layer's U, where that is learned.
    public let learnedDictionaries: [Int?]
    /// What every layer's columns choose from; nil where it is dense. Those made from data are zeros until `fill`.
    public private(set) var dictionaries: [(any WeightDictionary)?]
    /// Whether every layer's U was learned in this stage or one before, so that it is that of the dictionary no longer.
    let hasLearnedDictionary: [Bool]
    private let settings: MLPSettings

    /// The model that a stage starts from.
    ///
    /// That of the first stage has w uniform in ±0.1, that of the softmax layer in ±0.02, biases 0 (the released
    /// settings of Denil et al. 2013), drawn by position in the model, so that they are the same on every rank.
    /// Dictionaries that need data are zeros until `fill`.
    ///
    /// - Parameters:
    ///   - stage: nil: the first of the settings.
    ///   - previous: what the stage before has learned: its U and w are kept, or where more is learned now, w becomes
    ///     what predicts the same weights, as nearly as the new U can.
    /// - Throws: `DictionaryError` where a dictionary holds fewer atoms than are asked for; `FactorisationError` where
    ///   a kernel matrix is not positive definite; `TrainingError` where what was learned cannot be predicted by more
    ///   values.
    public init(
        settings: MLPSettings, shape: ImageShape, classes: Int, stage: TrainingStage? = nil,
        after previous: MLPModel? = nil
    ) throws {
        let stage = stage ?? settings.stages[0]
        self.settings = settings
        let hidden = settings.widths.indices
        var grids = [PixelGrid(channels: shape.channels, height: shape.height, width: shape.width)]
        grids += settings.widths.map { PixelGrid(channels: 1, height: 1, width: $0) }
        let plans = hidden.map { k in settings.plan(layer: k, grid: grids[k], proportion: stage.proportion) }
        let names = hidden.map { "hidden\($0 + 1)" } + ["softmax"]
        self.names = names
        var shapes = hidden.map { k in
            (names[k], settings.widths[k], (plans[k]?.count ?? grids[k].positions) * grids[k].channels + 1)
        }
        shapes.append(("softmax", classes, grids.last!.inputs + 1))

        var learned: [(name: String, units: Int, valuesPerUnit: Int)] = []
        var buckets: [Int?] = []
        var learnedDictionaries: [Int?] = []
        for (k, shape) in shapes.enumerated() {
            let isHeld = stage.learns == .dictionaries && k < plans.count && plans[k] != nil
            buckets.append(isHeld ? nil : learned.count)
            if !isHeld { learned.append(shape) }
        }
        for (k, plan) in plans.enumerated() {
            let isLearned = plan != nil && settings.learnsDictionary(ofLayer: k, in: stage)
            learnedDictionaries.append(isLearned ? learned.count : nil)
            if isLearned { learned.append(("\(names[k]).U", settings.columns * grids[k].positions, plan!.count)) }
        }
        let values = LearnedValues(learned)
        self.values = values
        self.buckets = buckets
        self.learnedDictionaries = learnedDictionaries + [nil]
        hasLearnedDictionary = self.learnedDictionaries.enumerated().map {
            $1 != nil || previous?.hasLearnedDictionary[$0] == true
        }
        layerValues = zip(buckets, shapes).map { $0.map(values.matrix) ?? Matrix(rows: $1.1, columns: $1.2) }
        let dictionaries = hidden.map { k in
            settings.dictionaries[k].needsData
                ? previous?.dictionaries[k] ?? plans[k]?.dictionary : plans[k]?.dictionary
        }
        self.dictionaries = dictionaries + [nil]

        var layers: [PredictedWeights] = []
        for (k, plan) in plans.enumerated() {
            guard let plan, let dictionary = dictionaries[k] else {
                layers.append(.dense(grid: grids[k], units: settings.widths[k]))
                continue
            }
            let cut = Cut(settings.widths[k], into: settings.columns)
            let positions = grids[k].positions
            layers.append(
                PredictedWeights(
                    grid: grids[k],
                    columns: try (0..<settings.columns).map { j in
                        let stream = settings.stream(layer: k, column: j)
                        let before = previous?.weights[k].columns[j]
                        let alpha = try dictionary.choose(plan.count, stream: stream)
                        var u =
                            before?.alpha == alpha
                            ? before!.dictionary! : try dictionary.matrix(alpha: alpha, stream: stream)
                        if let bucket = learnedDictionaries[k] {
                            let place = values.matrix(bucket).rows(j * positions..<(j + 1) * positions)
                            place.copy(from: u)
                            u = place
                        }
                        return Column(units: cut[j], alpha: alpha, dictionary: u)
                    }))
        }
        weights = layers + [.dense(grid: grids.last!, units: classes)]
        if let previous { try keep(previous) } else { drawValues() }
    }

    private func drawValues() {
        for (k, layer) in weights.enumerated() {
            let limit: Float = k == weights.count - 1 ? 0.02 : 0.1
            let width = layer.valuesPerUnit
            let stream = RandomStream(seed: settings.seed, purpose: .initialValues, stream: k)
            for unit in 0..<layer.units {
                stream.fillUniform(
                    .init(rebasing: layerValues[k].row(unit)[..<width]), from: unit * width, in: -limit..<limit)
            }
        }
    }

    private func keep(_ previous: MLPModel) throws {
        for (k, layer) in weights.enumerated() {
            let old = previous.layerValues[k]
            let new = layerValues[k]
            if old.columns == new.columns {
                new.copy(from: old)
            } else {
                do {
                    try layer.fit(previous.expanded(k), into: new.columns(0..<layer.valuesPerUnit))
                } catch {
                    throw TrainingError(
                        "--grow: \(names[k]): expected more values that predict the weights learned so far, "
                            + "found \(error); give --learned instead, or another --dictionary")
                }
                new.columns(new.columns - 1..<new.columns).copy(from: old.columns(old.columns - 1..<old.columns))
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
    ///   - expanded: of the shape of `expandedGradient`: where it leaves the gradient of W, not yet projected; nil: it
    ///     projects it.
    ///   - paths: of every layer.
    ///   - capacity: the most samples of one batch.
    public func network(
        gradient: LearnedValues, expanded: LearnedValues? = nil, paths: [ComputePath], capacity: Int
    ) -> MLPNetwork {
        let layers = weights.indices.map { k in
            FullyConnected(
                weights: weights[k], values: layerValues[k], gradient: buckets[k].map(gradient.matrix),
                capacity: capacity, path: paths[k],
                fullGradient: expanded?.matrix(k), dictionaryGradient: learnedDictionaries[k].map(gradient.matrix))
        }
        return MLPNetwork(
            layers: layers, activation: settings.activation, dropoutRate: Float(settings.dropout), seed: settings.seed,
            capacity: capacity,
            buckets: zip(buckets, learnedDictionaries).map { [$0, $1].compactMap(\.self) }, projects: expanded == nil)
    }

    /// Zeros for the gradient of every layer's W, units × (n_v + 1), before it is projected; nil where nothing is
    /// predicted, since it is that of the values then.
    public var expandedGradient: LearnedValues? {
        expandedShapes.map { shapes in
            LearnedValues(zip(names, shapes).map { (name: $0, units: $1.units, valuesPerUnit: $1.valuesPerUnit) })
        }
    }

    /// The shapes of that gradient.
    var expandedShapes: [(units: Int, valuesPerUnit: Int)]? {
        weights.allSatisfy(\.isDense) ? nil : weights.map { ($0.units, $0.grid.inputs + 1) }
    }

    /// The values of a unit that have decay and norm, for every bucket: all but the bias, and none of a learned U,
    /// whose rows are no units.
    public var weightsPerUnit: [Int] {
        values.buckets.indices.map { learnedDictionaries.contains($0) ? 0 : values.buckets[$0].valuesPerUnit - 1 }
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
        weights.expand(layerValues[layer].columns(0..<weights.valuesPerUnit), into: full)
        return full
    }

    /// The part of what there is, positions or atoms, that one column at least has drawn, for every predicted layer
    /// whose columns draw.
    public var coverage: [Double] {
        zip(weights, dictionaries).compactMap { layer, dictionary in
            guard let dictionary, dictionary.isSampled else { return nil }
            return Double(Set(layer.columns.flatMap(\.alpha)).count) / Double(dictionary.choices)
        }
    }

    /// ‖U‖₂ of every predicted layer, the largest of its columns; steps in W grow with its square.
    public var dictionaryNorms: [Double] {
        predicted.map { layer in layer.columns.map { spectralNorm($0.dictionary!) }.max()! }
    }
}
