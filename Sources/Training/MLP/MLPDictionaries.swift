import Layers
import LinearAlgebra

extension MLPSettings {
    /// A hidden layer's dictionary and how many of its choices a column takes: int(positions·P), at least 1. Nil: a dense layer.
    func plan(layer k: Int, grid: PixelGrid, proportion: Double?) -> (dictionary: any WeightDictionary, count: Int)? {
        guard let proportion else { return nil }
        let count = learnedCount(grid.positions, proportion: proportion)
        return dictionary(dictionaries[k], grid: grid, count: count).map { ($0, count) }
    }

    /// Whether raw images are seen before the layers are trained together.
    var preparesFromData: Bool { pretrainEpochs > 0 || dictionaries.contains { $0.needsData } }

    /// What a column draws from.
    func stream(layer: Int, column: Int) -> ColumnStream {
        ColumnStream(seed: seed, layer: layer, column: column, sampling: alpha)
    }

    /// How kernel values become a dictionary: as asked for, else with the ridge given here.
    func form(ridge standard: Double) -> KernelForm { raw ? .raw : .ridge(ridge ?? standard) }

    /// Units of the autoencoder whose weights are atoms (the released settings of Denil et al. 2013), and centres of k-means.
    static let poolSize = 1000

    private func dictionary(_ name: DictionaryName, grid: PixelGrid, count: Int) -> (any WeightDictionary)? {
        let positions = grid.positions
        switch name {
        case .se:
            let sigma = sigma ?? SquaredExponential.sigma(grid: grid, learned: count)
            return SquaredExponential(grid: grid, sigma: sigma, form: form(ridge: SquaredExponential.defaultRidge))
        case .emp, .emp2: return UnseenDictionary(positions: positions, choices: positions, isSampled: true)
        case .ae, .kmeans: return UnseenDictionary(positions: positions, choices: MLPSettings.poolSize * grid.channels, isSampled: true)
        case .pca: return UnseenDictionary(positions: positions, choices: positions, isSampled: false)
        case .randfixu: return RandomAtoms(positions: positions, .normal)
        case .randcon: return RandomConnections(positions: positions)
        case .lowrank: return RandomAtoms(positions: positions, .uniform)
        case .dct: return Cosines(grid: grid)
        case .fourier: return Fourier(grid: grid)
        case .haar: return Haar(grid: grid)
        case .downsample: return Downsampling(grid: grid)
        case .dense: return nil
        }
    }
}

/// Stands for a dictionary until the data that it is made from are seen: it lets columns choose, and its U is zero.
private struct UnseenDictionary: WeightDictionary {
    let positions: Int
    let choices: Int
    let isSampled: Bool

    func matrix(alpha: [Int], stream: ColumnStream) -> Matrix<Float> { Matrix(rows: positions, columns: alpha.count) }
}
