import DataParallel
import Layers
import LinearAlgebra
import Parallel
import Partition

/// A network's layers with their learned values: what training steps, and what a model file holds.
public final class NetworkModel {
    /// A layer with weights.
    public struct Layer {
        public let shape: ModelShape.Layer
        public let weights: PredictedWeights
        /// w and biases, units × (n_α + 1): a parameter, or held in the stage.
        public let values: Matrix<Float>
        /// What the columns take their U from; nil where the layer is dense, and until it is made from data.
        public internal(set) var dictionary: (any WeightDictionary)?
        /// What that dictionary was made from, where the layer's inputs went into it.
        fileprivate(set) var data: DictionaryData?
        /// Whether U was learned in this stage or one before, so that it is that of the dictionary no longer.
        let hasLearnedDictionary: Bool

        public var name: String { shape.name }

        /// The filters of a convolution whose inputs are pooled.
        var pooledFilters: PooledFilters {
            guard let filters = try? PooledFilters(dictionary, of: weights, shape.prediction!) else {
                preconditionFailure("the same was computed when U was made")
            }
            return filters
        }

        /// Whether U is an orthonormal basis of its span.
        var isOrthonormal: Bool { shape.prediction?.isOrthonormal == true }

        /// Brings a start that was drawn into the range of an orthonormal basis, and to the size of a dense layer's.
        fileprivate func projectStart() {
            guard isOrthonormal else { return }
            weights.projectStart(
                values.columns(0..<weights.valuesPerUnit),
                positions: shape.spec.window.count / weights.grid.channels)
        }

        /// Computes W, units × inputs.
        public func expanded() -> Matrix<Float> {
            let full = Matrix<Float>(rows: weights.units, columns: weights.grid.count)
            weights.expand(values.columns(0..<weights.valuesPerUnit), into: full)
            return full
        }
    }

    public let spec: NetworkSpec
    let seed: UInt64
    public let shape: ModelShape
    /// What the stage learns: the parameters of the shape.
    public let values: LearnedValues
    /// The layers with weights, the softmax layer last.
    public private(set) var layers: [Layer]

    /// Makes the model that a stage starts from.
    ///
    /// That of the first stage has w uniform in ±0.1, that of the softmax layer in ±0.02, biases 0 (the released
    /// settings of Denil et al. 2013), drawn by position in the model, so that they are the same on every rank. In an
    /// orthonormal basis they are, to rounding.
    /// Dictionaries that need data are zeros until `fill`.
    ///
    /// - Parameters:
    ///   - stage: nil: the first of the settings.
    ///   - isRestored: whether a checkpoint fills the values, and what was learned of U.
    ///   - previous: what the stage before has learned: its U and w are kept, or where more is learned now, w becomes
    ///     what predicts the same weights, as nearly as the new U can.
    ///   - report: called with a layer's name, its columns so far, and how many it has.
    /// - Throws: `DictionaryError` where a dictionary holds fewer atoms than are asked for, or cannot be made;
    ///   `TrainingError` where what was learned cannot be predicted by more values.
    public init(
        _ settings: NetworkSettings, stage: TrainingStage? = nil, after previous: NetworkModel? = nil,
        isRestored: Bool = false,
        report: (String, Int, Int) -> Void = { _, _, _ in }
    ) throws {
        spec = settings.network
        seed = settings.seed
        let stage = stage ?? settings.stages[0]
        let shape = try ModelShape(settings, stage: stage)
        self.shape = shape
        let values = LearnedValues(shape.parameters)
        self.values = values
        layers = try shape.layers.enumerated().map { number, layer in
            try Layer(
                layer, number: number, settings: settings, stage: stage, values: values,
                after: previous?.layers[number], isRestored: isRestored
            ) { report(layer.name, $0, layer.weights.columns) }
        }
        guard !isRestored else { return }
        if let previous { try keep(previous) } else { drawValues() }
    }

    private func drawValues() {
        for (k, layer) in layers.enumerated() {
            let limit: Float = k == layers.count - 1 ? 0.02 : 0.1
            let width = layer.weights.valuesPerUnit
            let stream = RandomStream(seed: seed, purpose: .initialValues, stream: k)
            for unit in 0..<layer.weights.units {
                stream.fillUniform(
                    .init(rebasing: layer.values.row(unit)[..<width]), from: unit * width, in: -limit..<limit)
            }
            if layer.shape.prediction?.dictionary.need == nil { layer.projectStart() }
        }
    }

    private func keep(_ previous: NetworkModel) throws {
        for (layer, before) in zip(layers, previous.layers) {
            let old = before.values, new = layer.values
            if old.columns == new.columns {
                new.copy(from: old)
                continue
            }
            do {
                try layer.weights.fit(before.expanded(), into: new.columns(0..<layer.weights.valuesPerUnit))
            } catch {
                throw TrainingError(
                    "--grow: \(layer.name): expected more values that predict the weights learned so far, "
                        + "found \(error); give --learned instead, or another --dictionary")
            }
            new.columns(new.columns - 1..<new.columns).copy(from: old.columns(old.columns - 1..<old.columns))
        }
    }

    /// Makes the dictionary of a layer from its inputs; its columns keep their U.
    ///
    /// - Throws: `DictionaryError`.
    func take(_ data: DictionaryData, layer k: Int) throws {
        layers[k].data = data
        let shape = layers[k].shape
        layers[k].dictionary = try shape.prediction!.makeDictionary(of: shape.spec.grid, data: data)
    }

    /// Gives the columns of a layer the dictionary that is made from its inputs, in place.
    ///
    /// - Throws: `DictionaryError`.
    func fill(layer k: Int, from data: DictionaryData) throws {
        try take(data, layer: k)
        let dictionary = layers[k].dictionary!
        for (j, column) in layers[k].weights.columns.enumerated() {
            let stream = layers[k].shape.prediction!.stream(seed: seed, layer: k, column: j)
            column.dictionary!.copy(from: try dictionary.matrix(alpha: column.alpha, stream: stream))
        }
        layers[k].projectStart()
    }

    /// Lines that say of which layers an orthonormal basis was cut.
    var cutBases: [String] {
        layers.compactMap { $0.isOrthonormal ? $0.weights.saysCut(of: $0.name) : nil }
    }

    /// The part of what there is, positions or atoms, that one column at least has sampled, for every predicted layer
    /// whose columns sample.
    public var coverage: [Double] {
        layers.compactMap { layer in
            guard let prediction = layer.shape.prediction, prediction.dictionary.isSampled else { return nil }
            return Double(Set(layer.weights.columns.flatMap(\.alpha)).count)
                / Double(prediction.allAtoms(of: layer.shape.spec.grid))
        }
    }

    /// ‖U‖₂ of every predicted layer, the largest of its columns; steps in W grow with its square.
    public var dictionaryNorms: [Double] {
        layers.map(\.weights).filter { !$0.isDense }.map { layer in
            layer.columns.map { spectralNorm($0.dictionary!) }.max()!
        }
    }
}

extension NetworkModel.Layer {
    /// - Parameters:
    ///   - number: the layer's number among those with weights.
    ///   - stage: what is learned.
    ///   - values: where its parameters are.
    ///   - before: the layer in the stage before; of a model that a checkpoint fills, in the first.
    ///   - report: called with the columns so far.
    fileprivate init(
        _ shape: ModelShape.Layer, number: Int, settings: NetworkSettings, stage: TrainingStage, values: LearnedValues,
        after before: NetworkModel.Layer?, isRestored: Bool,
        report: (Int) -> Void
    ) throws {
        let grid = shape.weights.grid, units = shape.weights.units, inputs = shape.spec.grid
        self.shape = shape
        self.values =
            shape.parameter.map(values.matrix) ?? Matrix(rows: units, columns: shape.weights.valuesPerUnit + 1)
        data = before?.data
        let isLearned = shape.prediction.map { prediction in
            settings.stages.contains {
                $0.epochs.lowerBound <= stage.epochs.lowerBound
                    && settings.curriculum.learns(prediction.dictionary, in: $0)
            }
        } ?? false
        hasLearnedDictionary = isLearned
        guard let prediction = shape.prediction else {
            weights = .dense(grid: grid, units: units)
            dictionary = nil
            return
        }
        let dictionary = prediction.dictionary.need == nil
            ? try prediction.makeDictionary(of: inputs) : before?.dictionary
        let cut = Cut(units, into: prediction.columns), positions = grid.positions
        weights = PredictedWeights(
            grid: grid,
            columns: try (0..<prediction.columns).map { j in
                let stream = prediction.stream(seed: settings.seed, layer: number, column: j)
                let alpha = prediction.sampleAtoms(of: inputs, stream: stream), old = before?.weights.columns[j]
                var u: Matrix<Float>
                if let old, old.alpha == alpha {
                    // What was learned of it is filled in, and must not change that of the first stage.
                    u = isRestored && isLearned ? old.dictionary!.clone() : old.dictionary!
                } else {
                    u =
                        try dictionary?.matrix(alpha: alpha, stream: stream)
                        ?? Matrix(rows: positions, columns: alpha.count)
                }
                if let parameter = shape.dictionaryParameter {
                    let place = values.matrix(parameter).rows(j * positions..<(j + 1) * positions)
                    place.copy(from: u)
                    u = place
                }
                report(j + 1)
                return Column(units: cut[j], alpha: alpha, dictionary: u)
            })
        self.dictionary = dictionary
    }
}
