import DataParallel
import Datasets
import Layers
import LinearAlgebra
import Parallel
import Partition

/// The patches that a dictionary is made from, where one is made from data.
public enum DictionarySource: String, CaseIterable, Codable, Sendable {
    /// Whitened, as those that features are learned on, but not divided by their length. Their covariance is near the
    /// identity outside of its null directions.
    case whitened
    /// Contrast-normalised, before whitening.
    case normalised
}

extension RICASettings {
    /// The grid of a patch.
    public func grid(channels: Int) -> TensorShape { TensorShape(channels: channels, height: patch, width: patch) }

    /// How the layer is predicted; nil: not at all.
    public var prediction: WeightSpec? {
        learned.map {
            WeightSpec(
                dictionary: dictionary ?? .se,
                kernel: KernelSpec(
                    sigma: sigma, form: isOrthonormal == true ? .orthonormal : ridge.map { .ridge($0) } ?? .raw),
                proportion: $0, columns: columns, sampling: alpha)
        }
    }

    /// The shape of the layer's weights.
    ///
    /// - Throws: `DictionaryError` where the dictionary holds fewer atoms than are asked for.
    public func shape(channels: Int) throws(DictionaryError) -> WeightShape {
        try WeightShape(grid: grid(channels: channels), units: features, prediction)
    }

    /// Makes the layer: each column's α from its own stream and its U; `--alpha shared` gives all columns those of
    /// column 0.
    ///
    /// - Parameters:
    ///   - alphas: the α of every column; nil: sampled from the columns' streams.
    ///   - data: what the dictionary needs of patches; without it a U that needs some is zeros.
    ///   - report: called with the number of columns so far.
    /// - Throws: `DictionaryError`.
    public func makeWeights(
        channels: Int, alphas: [[Int]]? = nil, data: DictionaryData? = nil, report: (Int) -> Void = { _ in }
    ) throws(DictionaryError) -> PredictedWeights {
        let grid = grid(channels: channels)
        guard let prediction else { return .dense(grid: grid, units: features) }
        try prediction.dictionary.check(prediction.atoms(of: grid), of: grid)
        let isReady = prediction.dictionary.need == nil || data != nil
        let dictionary = isReady ? try prediction.makeDictionary(of: grid, data: data) : nil
        let cut = Cut(features, into: columns)
        var made: [Column] = []
        for j in 0..<columns {
            let stream = ColumnStream(seed: seed, layer: 0, column: j, sampling: alpha)
            let alpha = alphas?[j] ?? prediction.sampleAtoms(of: grid, stream: stream)
            let u = try dictionary?.matrix(alpha: alpha, stream: stream)
                ?? Matrix(rows: grid.positions, columns: alpha.count)
            made.append(Column(units: cut[j], alpha: alpha, dictionary: u))
            report(j + 1)
        }
        return PredictedWeights(grid: grid, columns: made)
    }

    /// w₀ = N(0, 0.01²), drawn by position in the layer, so that it is the same on every rank. Of an orthonormal
    /// basis it is brought into the range, the same on every rank to rounding.
    public func startingValues(for weights: PredictedWeights) -> LearnedValues {
        let values = LearnedValues([("rica", weights.units, weights.valuesPerUnit)])
        RandomStream(seed: seed, purpose: .initialValues).fillNormal(values.flat.elements)
        for i in 0..<values.count { values.flat.pointer[i] *= 0.01 }
        if isOrthonormal == true { weights.projectStart(values.matrix(0), positions: weights.grid.positions) }
        return values
    }

    /// The most patches that a dictionary is made from.
    static let dictionaryPatches = 20_000
}

extension RICAPatches {
    /// Makes what the dictionary needs of the first patches, 20,000 at most, which every rank reads; nil where it needs
    /// nothing. Collective.
    ///
    /// - Throws: what `agree`, `inputMoments` and `kMeans` throw.
    func dictionaryData(
        _ settings: RICASettings, images: ImageSet, communicator: Communicator, checkpoints: Checkpoints
    ) throws -> DictionaryData? {
        guard let need = settings.prediction?.dictionary.need else { return nil }
        let count = min(settings.patches, RICASettings.dictionaryPatches)
        let sampler = PatchSampler(images: images, size: settings.patch, seed: settings.seed)
        let raw = try communicator.agree { try sampler.read(0..<count) }
        contrastNormalise(raw)
        var patches = raw
        if settings.madeFrom == .whitened {
            patches = Matrix(rows: raw.rows, columns: raw.columns)
            whitening.apply(to: raw, into: patches)
        }
        let inputs = LayerInputs(
            grid: settings.grid(channels: images.shape.channels), samples: Array(0..<count),
            draws: RandomStream(seed: settings.seed, purpose: .dictionary, stream: 0xFFFF), order: order,
            communicator: communicator, meet: { try checkpoints.listen("the making of the dictionary") }
        ) { samples, matrix in
            for (r, sample) in samples.enumerated() {
                matrix.rows(r..<r + 1).copy(from: patches.rows(sample..<sample + 1))
            }
        }
        return try inputs.data(for: need) { _, _ in
            preconditionFailure("settings with an autoencoder, which rebuilds inputs from 0 to 1, are refused")
        }
    }
}
