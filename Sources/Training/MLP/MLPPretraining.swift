import Layers
import LinearAlgebra
import Parallel

/// What happens to hidden layers before they are trained together, layer by layer: a dictionary that needs data is made from the
/// layer's inputs, then the layer is trained as a tied autoencoder of them, in predicted form (Denil et al. 2013, section 5).
final class MLPPretraining {
    private let settings: MLPSettings
    private let model: MLPModel
    /// Expanded in every layer: only it lets dictionaries change.
    private let network: MLPNetwork
    private let rows: TrainingRows
    private let exchange: ExchangeOptions
    private let communicator: Communicator
    private let progress: ProgressLog
    /// The most samples of a step that are computed at once.
    private let capacity: Int

    /// - Parameters:
    ///   - rows: all training images, not pooled.
    init(
        settings: MLPSettings, model: MLPModel, rows: TrainingRows, exchange: ExchangeOptions, communicator: Communicator,
        progress: ProgressLog
    ) {
        self.settings = settings
        self.model = model
        self.rows = rows
        self.exchange = exchange
        self.communicator = communicator
        self.progress = progress
        capacity = exchange.reduction.largestPart(of: settings.batch, ranks: communicator.size)
        network = model.network(
            gradient: model.values.zeros, paths: model.weights.map { _ in .expanded },
            capacity: max(sampleChunk, capacity))
    }

    /// Makes dictionaries and values of the model's hidden layers, in place.
    ///
    /// - Parameter samples: the training images that may be seen, on every rank.
    func run(samples: [Int]) throws {
        for k in settings.widths.indices {
            let name = settings.dictionaries[k], layer = model.weights[k]
            if name.needsData {
                progress.say("making the dictionary \(name.rawValue) of hidden layer \(k + 1)")
                let made = try dictionary(name, layer: k, samples: samples)
                try communicator.agree { try model.fill(layer: k, with: made) }
                // The same numbers went into it everywhere, but processors of two kinds may have rounded them differently.
                for column in layer.columns { try communicator.broadcast(column.dictionary!.elements, from: 0) }
            }
            // U and w learned as an autoencoder are unstable: LowRank starts from its random numbers.
            guard settings.pretrainEpochs > 0, !name.isLearned else { continue }
            let values = LearnedValues([(model.names[k], layer.units, layer.valuesPerUnit + 1)])
            values.matrix(0).copy(from: model.layerValues[k])
            try train(layer, values, of: k, as: "hidden layer \(k + 1)", samples: samples, epochs: settings.pretrainEpochs)
            model.layerValues[k].copy(from: values.matrix(0))
        }
    }

    private func train(
        _ weights: PredictedWeights, _ values: LearnedValues, of layer: Int, as name: String, samples: [Int], epochs: Int
    ) throws {
        let gradient = values.zeros
        let expanded = exchange.sumsExpanded && !weights.isDense ? LearnedValues([(name, weights.units, weights.grid.inputs + 1)]) : nil
        let autoencoder = TiedAutoencoder(
            weights: weights, values: values.matrix(0), gradient: gradient.matrix(0), expanded: expanded?.matrix(0), capacity: capacity)
        network.rebuild()
        let objective = Reconstruction(autoencoder) { [self] in load($0, ofLayer: layer, into: $1) }
        let descent = StochasticDescent(
            objective, values: values, gradient: gradient, weightsPerUnit: [values.buckets[0].valuesPerUnit - 1],
            exchange: exchange.make(
                for: values, expanded: expanded.map { ExpandedGradient(values: $0, project: autoencoder.project) },
                communicator: communicator),
            options: .init(
                seed: settings.seed, stream: layer + 1, batch: settings.batch, epochs: epochs, learningRate: 0.1, schedule: .paper,
                rule: SGD.Options(momentum: 0.7, weightDecay: 0, maxNorm: settings.descent.maxNorm)),
            watched: 0, onDivergence: "pre-training \(name), whose rate is fixed at 0.1; a smaller --max-norm keeps it finite",
            communicator: communicator)
        let last = try descent.run(samples: samples) { epoch in
            progress.step("pre-train \(name): epoch", epoch.number, of: epochs, "loss \(epoch.loss)")
        }
        progress.say("pre-trained \(name): loss \(last.loss) after \(epochs) epochs, \(last.seconds) s")
    }

    /// What a layer sees of some samples, into the first rows of a matrix with or without the column of the constant 1.
    private func load(_ samples: ArraySlice<Int>, ofLayer layer: Int, into matrix: Matrix<Float>) {
        rows.gather(samples, into: network.batch)
        matrix.rows(0..<samples.count).copy(from: network.inputs(ofLayer: layer, count: samples.count).columns(0..<matrix.columns))
    }

    private func dictionary(_ name: DictionaryName, layer k: Int, samples: [Int]) throws -> any WeightDictionary {
        network.rebuild()
        func covariance(_ squared: Bool) throws -> Matrix<Double> {
            try inputCovariance(
                model.weights[k].grid, samples: samples, squared: squared, order: exchange.reduction, communicator: communicator
            ) {
                load($0, ofLayer: k, into: $1)
            }
        }
        switch name {
        case .emp, .emp2:
            let covariance = try covariance(name == .emp2)
            let made = try communicator.agree { try Covariance(covariance, form: settings.form(ridge: Covariance.defaultRidge)) }
            if made.jitter > 0 { progress.say("the covariance of hidden layer \(k + 1) needed a ridge larger by \(made.jitter)") }
            return made
        case .pca:
            let covariance = try covariance(false)
            return try communicator.agree { try PrincipalComponents(covariance: covariance) }
        case .kmeans:
            let centres = try kMeans(
                count: MLPSettings.poolSize, samples: samples, size: model.weights[k].grid.inputs, draws: draws(ofLayer: k),
                order: exchange.reduction, communicator: communicator) { load($0, ofLayer: k, into: $1) }
            return pool(centres, k)
        case .ae:
            let layer = PredictedWeights.dense(grid: model.weights[k].grid, units: MLPSettings.poolSize)
            let values = LearnedValues([("autoencoder", layer.units, layer.valuesPerUnit + 1)])
            let width = layer.valuesPerUnit, draws = draws(ofLayer: k)
            for unit in 0..<layer.units {
                draws.fillUniform(.init(rebasing: values.matrix(0).row(unit)[..<width]), from: unit * width, in: -0.1..<0.1)
            }
            try train(
                layer, values, of: k, as: "the autoencoder of hidden layer \(k + 1)", samples: samples,
                epochs: max(1, settings.pretrainEpochs))
            return pool(values.matrix(0).columns(0..<width).clone(), k)
        case .se, .randfixu, .randcon, .lowrank, .dct, .fourier, .haar, .downsample, .dense: preconditionFailure("\(name) needs no data")
        }
    }

    /// What a layer's pool is drawn with, beyond the streams of any column.
    private func draws(ofLayer layer: Int) -> RandomStream {
        RandomStream(seed: settings.seed, purpose: .dictionary, stream: layer << 16 | 0xFFFF)
    }

    /// Rows of a layer's inputs as atoms of one plane: every channel's part is an atom.
    private func pool(_ rows: Matrix<Float>, _ layer: Int) -> AtomPool {
        let grid = model.weights[layer].grid
        return AtomPool(rows.reshaped(rows: rows.rows * grid.channels, columns: grid.positions))
    }
}

/// An autoencoder's loss, batch by batch.
private final class Reconstruction: BatchObjective {
    private let autoencoder: TiedAutoencoder
    private let load: (ArraySlice<Int>, Matrix<Float>) -> Void

    /// - Parameter load: puts the inputs of some samples into the first rows of a matrix.
    init(_ autoencoder: TiedAutoencoder, load: @escaping (ArraySlice<Int>, Matrix<Float>) -> Void) {
        self.autoencoder = autoencoder
        self.load = load
    }

    func prepare() { autoencoder.rebuild() }

    /// One bucket, complete at the end.
    func gradient(of samples: ArraySlice<Int>, scale: Double, first: Int, completed: (Int) -> Void) -> (loss: Double, errors: Int) {
        load(samples, autoencoder.batch)
        return (autoencoder.gradient(count: samples.count, scale: Float(scale)), 0)
    }
}
