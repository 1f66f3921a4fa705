import Datasets
import Layers

/// The layers with weights of a network, and what a stage of its training learns of them, without a number in them: all
/// that a plan needs, and what a model is made by.
public struct ModelShape: Sendable {
    public struct Layer: Sendable {
        /// Where the layer stands, and what was asked for.
        public let spec: NetworkSpec.Weighted
        /// How it is predicted in this stage; nil: not at all.
        public let prediction: WeightSpec?
        public let weights: WeightShape
        /// How a convolution's filters are pooled, where channels share α and U is never learned.
        package let pooled: PooledPlan?
        /// The parameter of w and biases, units × (n_α + 1); nil: held in this stage.
        public let parameter: Int?
        /// The parameter of the U of all columns, J·positions × atoms; nil: U is not learned.
        public let dictionaryParameter: Int?

        public var name: String { spec.name }

        /// The floats that the layer holds beside its values in a network that takes so many samples.
        package func workspace(path: ComputePath, capacity: Int) -> Int {
            guard let convolution = spec.convolution else {
                return FullyConnected.floats(of: weights, path: path, capacity: capacity)
            }
            return ConvolutionLayer.floats(
                of: convolution, weights: weights, pooled: path == .pooled ? pooled : nil, capacity: capacity,
                readsPlanes: spec.place == 0, isFirst: spec.isFirst)
        }
        /// The floats of what the dictionary was made from, where that is data: a covariance in Double, or atoms.
        var dataFloats: Int {
            guard let prediction, let need = prediction.dictionary.need else { return 0 }
            let positions = prediction.dictionaryGrid(of: spec.grid).positions
            if case .covariance = need { return 2 * positions * positions }
            return prediction.dictionary.atoms(of: prediction.dictionaryGrid(of: spec.grid)) * positions
        }
        /// Values of w and biases.
        var values: Int { weights.units * (weights.valuesPerUnit + 1) }
        /// Weights of the dense layer, without what a filter has beyond an open window.
        var denseWeights: Int { weights.units * spec.window.count }
        /// The same with its biases.
        var denseValues: Int { denseWeights + weights.units }
    }

    /// The layers with weights, the softmax layer last.
    public let layers: [Layer]
    /// What the network was asked for.
    public let network: NetworkSpec
    /// The parameters: those of the layers, then every U that is learned.
    public let parameters: [LearnedValues.Shape]

    /// - Throws: `DictionaryError` where a dictionary holds fewer atoms than are asked for.
    public init(_ settings: NetworkSettings, stage: TrainingStage) throws(DictionaryError) {
        let curriculum = settings.curriculum
        network = settings.network
        var parameters: [LearnedValues.Shape] = []
        var all: [(spec: NetworkSpec.Weighted, prediction: WeightSpec?, weights: WeightShape, parameter: Int?)] = []
        for layer in network.weighted {
            var prediction = layer.weights
            if let proportion = stage.proportion { prediction?.proportion = proportion }
            let weights = try WeightShape(grid: layer.grid, units: layer.units, prediction)
            let isHeld = stage.learns == .dictionaries && prediction != nil
            all.append((layer, prediction, weights, isHeld ? nil : parameters.count))
            if !isHeld { parameters.append((layer.name, layer.units, weights.valuesPerUnit + 1)) }
        }
        layers = all.enumerated().map { number, layer in
            let isLearned = layer.prediction.map { curriculum.learns($0.dictionary, in: stage) } ?? false
            if isLearned {
                let weights = layer.weights
                parameters.append(("\(layer.spec.name).U", weights.columns * weights.grid.positions, weights.atoms!))
            }
            return Layer(
                spec: layer.spec, prediction: layer.prediction, weights: layer.weights,
                pooled: settings.pooled(layer.spec, predicted: layer.prediction, number: number),
                parameter: layer.parameter, dictionaryParameter: isLearned ? parameters.count - 1 : nil)
        }
        self.parameters = parameters
    }

    /// Values that the stage learns.
    public var learnedValues: Int { parameters.reduce(0) { $0 + $1.units * $1.valuesPerUnit } }
    /// The values of a unit that have decay and norm, for every parameter: all but the bias, and none of a learned U,
    /// whose rows are no units.
    public var weightsPerUnit: [Int] {
        let dictionaries = Set(layers.compactMap(\.dictionaryParameter))
        return parameters.indices.map { dictionaries.contains($0) ? 0 : parameters[$0].valuesPerUnit - 1 }
    }
    /// The shapes of the gradient of every layer's W and biases, before it is projected; nil where nothing is
    /// predicted, since it is that of the values then.
    public var expanded: [LearnedValues.Shape]? {
        predicted.isEmpty ? nil : layers.map { ($0.name, $0.weights.units, $0.weights.grid.count + 1) }
    }

    private var predicted: [Layer] { layers.filter { !$0.weights.isDense } }
    /// Σ n_α·n_h over predicted layers.
    public var dynamicParameters: Int { predicted.reduce(0) { $0 + $1.weights.learnedValues } }
    /// Σ n_v·n_h over all layers but the softmax layer; biases are not counted.
    public var fullParameters: Int { layers.dropLast().reduce(0) { $0 + $1.denseWeights } }
    /// Σ n_v·n_h over predicted layers.
    public var predictedWeights: Int { predicted.reduce(0) { $0 + $1.denseWeights } }
    /// Σ n_α·n_h / Σ n_v·n_h over predicted layers; 1 where there is none.
    public var proportion: Double { predicted.isEmpty ? 1 : Double(dynamicParameters) / Double(predictedWeights) }
    /// Every value of the dense net of the same widths: weights, biases, softmax layer.
    public var denseParameters: Int { layers.reduce(0) { $0 + $1.denseValues } }
    /// Every weight and bias that an expanded model has.
    public var expandedParameters: Int { layers.reduce(0) { $0 + $1.weights.units * ($1.weights.grid.count + 1) } }

    /// Values of every U that is learned.
    var learnedDictionaryValues: Int {
        layers.reduce(0) { $0 + ($1.dictionaryParameter == nil ? 0 : $1.weights.dictionaryValues) }
    }
    /// Floats of a model's file: the values of all layers and every U.
    var modelFloats: Int { layers.reduce(0) { $0 + $1.values + $1.weights.dictionaryValues } }
    /// Floats of what dictionaries were made from.
    var dataFloats: Int { layers.reduce(0) { $0 + $1.dataFloats } }
    /// Weights and biases of the layers that are not predicted.
    var denseFloats: Int { layers.reduce(0) { $0 + ($1.weights.isDense ? $1.denseValues : 0) } }
}

extension WeightSpec {
    /// The random numbers of a column.
    func stream(seed: UInt64, layer: Int, column: Int) -> ColumnStream {
        ColumnStream(seed: seed, layer: layer, column: column, sampling: sampling)
    }
}

extension NetworkSettings {
    /// How the filters of a convolution are pooled, where channels share α and U is never learned.
    fileprivate func pooled(_ layer: NetworkSpec.Weighted, predicted spec: WeightSpec?, number: Int) -> PooledPlan? {
        guard layer.convolution != nil, let spec, (spec.channels ?? .tied) == .tied,
            !stages.contains(where: { curriculum.learns(spec.dictionary, in: $0) })
        else { return nil }
        return PooledPlan(spec, of: layer.grid) { spec.stream(seed: seed, layer: number, column: $0) }
    }

    /// Refuses layers that cannot be made or pre-trained, and dictionaries that need no data and cannot be made,
    /// without making them, for every stage.
    ///
    /// - Throws: `LayerSpecError`; `DictionaryError`, which names the layer.
    public func check() throws {
        try network.check()
        if pretrainEpochs > 0, let layer = network.weighted.first(where: { $0.convolution != nil }) {
            throw LayerSpecError(
                "\(layer.name): expected no pre-training of a convolution, found \(pretrainEpochs) epochs")
        }
        if let layer = network.weighted.first(where: { $0.weights?.reach != nil }),
            stages.contains(where: { curriculum.learns(.se, in: $0) })
        {
            throw LayerSpecError("\(layer.name): expected a U that is not learned with an open window")
        }
        if let layer = network.weighted.first(where: { layer in
            guard let weights = layer.weights, weights.isOrthonormal else { return false }
            return stages.contains { curriculum.learns(weights.dictionary, in: $0) }
        }) {
            throw LayerSpecError("\(layer.name): expected a U that is not learned with an orthonormal basis")
        }
        let side = min(network.input.height, network.input.width)
        if let shift = augmentation?.shift, !(0..<side ~= shift) {
            throw LayerSpecError("--shift: expected fewer pixels than the \(side) of an image's side, found \(shift)")
        }
        if preprocessing == .whiten, network.input.count > Preprocessing.mostWhitened {
            throw LayerSpecError(
                "--preprocess whiten: expected at most \(Preprocessing.mostWhitened) values an image, found "
                    + "\(network.input.count): --preprocess contrast needs no whitening")
        }
        // Stages differ in what is learned and exchanged; only the proportion changes a dictionary.
        var checked: Set<Double?> = []
        for stage in stages where checked.insert(stage.proportion).inserted {
            for (number, layer) in try ModelShape(self, stage: stage).layers.enumerated() {
                do { try layer.prediction?.check(of: layer.spec.grid, seed: seed, layer: number) } catch {
                    throw error.inLayer(layer.name)
                }
            }
        }
    }
}
