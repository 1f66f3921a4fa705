import DataParallel
import Datasets
import Layers
import LinearAlgebra
import Parallel
import Runs

/// What happens to hidden layers before they are trained together, layer by layer: a dictionary that needs data is made
/// from the layer's inputs, then the layer is trained as a tied autoencoder of them, in predicted form (Denil et al.
/// 2013, section 5), or its start is scaled.
final class Pretraining {
    private let settings: NetworkSettings
    private let start: PreparedModel
    private var model: NetworkModel { start.model }
    /// Expanded in every layer: only it lets dictionaries change.
    private let network: Network
    private let initial: InitialModel?
    private let inputs: any SampleSource
    private let exchange: ExchangeOptions
    private let communicator: Communicator
    private let checkpoints: Checkpoints
    private let progress: ProgressLog
    /// The most samples of a step that are computed at once.
    private let capacity: Int

    /// - Parameters:
    ///   - inputs: all training samples, not pooled.
    ///   - start: a part of the run's state already.
    ///   - initial: the weights that training starts from, where a file has them.
    init(
        settings: NetworkSettings, start: PreparedModel, initial: InitialModel?, inputs: any SampleSource,
        exchange: ExchangeOptions, communicator: Communicator, checkpoints: Checkpoints, progress: ProgressLog
    ) {
        self.settings = settings
        self.start = start
        self.initial = initial
        self.inputs = inputs
        self.exchange = exchange
        self.communicator = communicator
        self.checkpoints = checkpoints
        self.progress = progress
        capacity = exchange.reduction.largestPart(of: settings.batch, ranks: communicator.size)
        network = start.model.network(
            gradient: start.model.values.zeros, paths: start.model.layers.map { _ in .expanded },
            capacity: max(settings.network.preparationChunk, capacity), timer: StepTimer())
    }

    /// Makes dictionaries and values of the model's hidden layers, in place.
    ///
    /// - Parameter samples: the training images that may be seen, on every rank.
    func run(samples: [Int]) throws {
        for (k, layer) in model.layers.dropLast().enumerated() where k >= start.done {
            let kind = layer.shape.prediction?.dictionary
            if let kind, kind.need != nil, !start.hasDictionary, !start.kept.contains(k) {
                progress.say("making the dictionary \(kind.name) of \(layer.name)")
                let made = try data(of: layer, number: k, samples: samples)
                try communicator.agree { try model.fill(layer: k, from: made) }
                try layer.weights.broadcastDictionaries(on: communicator)
                if layer.isOrthonormal { try communicator.broadcast(layer.values.elements, from: 0) }
                let dictionary = model.layers[k].dictionary, plane = (dictionary as? UntiedDictionary)?.plane
                if let jitter = ((plane ?? dictionary) as? Covariance)?.jitter, jitter > 0 {
                    progress.say("the covariance of \(layer.name) needed a ridge larger by \(jitter)")
                }
                try initial?.start(
                    layer, number: k, keepsDictionary: false, communicator: communicator, progress: progress)
                start.hasDictionary = true
                try checkpoints.endPhase("the dictionary of \(layer.name)")
            }
            // U and w learned as an autoencoder are unstable: LowRank starts from its random numbers.
            if settings.pretrainEpochs > 0, kind?.traits.contains(.learned) != true {
                let values = LearnedValues([(layer.name, layer.weights.units, layer.weights.valuesPerUnit + 1)])
                values.matrix(0).copy(from: layer.values)
                try train(
                    layer.weights, values, of: k, as: "\(layer.name)", samples: samples,
                    epochs: settings.pretrainEpochs)
                layer.values.copy(from: values.matrix(0))
            }
            if settings.start == .variance {
                try model.scaleStart(
                    of: layer, in: network, on: settings.firstBatch(of: samples), of: inputs,
                    communicator: communicator)
            }
            (start.done, start.hasDictionary) = (k + 1, false)
        }
    }

    private func train(
        _ weights: PredictedWeights, _ values: LearnedValues, of layer: Int, as name: String, samples: [Int],
        epochs: Int
    ) throws {
        let gradient = values.zeros
        let expanded =
            exchange.sumsExpanded && !weights.isDense
            ? LearnedValues([(name, weights.units, weights.grid.count + 1)]) : nil
        let autoencoder = TiedAutoencoder(
            weights: weights, values: values.matrix(0), gradient: gradient.matrix(0), expanded: expanded?.matrix(0),
            capacity: capacity)
        let state = "values of \(name)"
        try checkpoints.attach(ValuesState(values), as: state)
        defer { checkpoints.detach(state) }
        network.expand()
        let objective = Reconstruction(autoencoder) { [self] in load($0, ofLayer: layer, into: $1) }
        let descent = StochasticDescent(
            objective, values: values, gradient: gradient, weightsPerUnit: [values.parameters[0].valuesPerUnit - 1],
            exchange: exchange.make(
                for: values,
                expanded: expanded.map { ExpandedGradient(values: $0, project: autoencoder.projectGradient) },
                communicator: communicator),
            options: .init(
                seed: settings.seed, stream: layer + 1, batch: settings.batch, epochs: epochs, learningRate: 0.1,
                schedule: .paper, rule: SGD.Options(momentum: 0.7, weightDecay: 0, maxNorm: settings.descent.maxNorm)),
            watched: 0,
            onDivergence: "pre-training \(name), whose rate is fixed at 0.1; a smaller --max-norm keeps it finite",
            communicator: communicator, timer: StepTimer())
        let last = try descent.run(
            samples: samples, checkpoints: (checkpoints, "pre-training \(name)")
        ) { state in
            progress.step("pre-train \(name): epoch", state.epoch, of: epochs, "loss \(state.loss)")
        }
        progress.say("pre-trained \(name): loss \(last.loss) after \(epochs) epochs, \(last.seconds) s")
    }

    /// What a layer sees of some samples, into the first rows of a matrix with or without the column of the constant 1.
    private func load(_ samples: ArraySlice<Int>, ofLayer layer: Int, into matrix: Matrix<Float>) {
        let spec = model.layers[layer].shape.spec, chunk = settings.network.preparationChunk
        let windows = spec.convolution.map { shape in
            LayerWindows(
                shape, order: settings.network.places[spec.place].inputOrder,
                draws: RandomStream(seed: settings.seed, purpose: .dictionary, stream: layer << 16 | 0xFFFE))
        }
        for start in stride(from: samples.startIndex, to: samples.endIndex, by: chunk) {
            let part = samples[start..<min(start + chunk, samples.endIndex)], first = start - samples.startIndex
            inputs.load(part, into: network.batch)
            let seen = network.inputs(ofLayer: spec.place, count: part.count)
            let rows = matrix.rows(first..<first + part.count)
            if let windows {
                windows.cut(part, from: seen, into: rows)
            } else {
                rows.copy(from: seen.columns(0..<matrix.columns))
            }
        }
    }

    /// Makes what a layer's dictionary is made from, of the inputs that the layers before it give as they are now.
    private func data(of layer: NetworkModel.Layer, number k: Int, samples: [Int]) throws -> DictionaryData {
        network.expand()
        // Beyond the streams of any column.
        let draws = RandomStream(seed: settings.seed, purpose: .dictionary, stream: k << 16 | 0xFFFF)
        let inputs = LayerInputs(
            grid: layer.shape.prediction!.dictionaryGrid(of: layer.shape.spec.grid), samples: samples, draws: draws,
            order: exchange.reduction, communicator: communicator,
            meet: { [checkpoints] in try checkpoints.listen("the making of the dictionary of \(layer.name)") }
        ) { [self] in load($0, ofLayer: k, into: $1) }
        return try inputs.data(for: layer.shape.prediction!.dictionary.need!) { weights, values in
            try train(
                weights, values, of: k, as: "the autoencoder of \(layer.name)", samples: samples,
                epochs: max(1, settings.pretrainEpochs))
        }
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

    func expand() { autoencoder.expand() }

    /// One parameter, complete at the end.
    func gradient(
        of samples: ArraySlice<Int>, scale: Double, first: Int, completed: (Int) -> Void
    ) -> (loss: Double, errors: Int) {
        load(samples, autoencoder.batch)
        return (autoencoder.gradient(count: samples.count, scale: Float(scale)), 0)
    }
}

extension NetworkSpec {
    /// Samples that go through a network at a time while dictionaries are made. Maps take memory; the number does not
    /// depend on the ranks, so that rounding does not, either.
    var preparationChunk: Int { hasMaps ? 100 : sampleChunk }
}
