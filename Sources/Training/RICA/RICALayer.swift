import Layers
import LinearAlgebra
import Partition

extension RICASettings {
    /// The grid of a patch.
    public func grid(channels: Int) -> PixelGrid { PixelGrid(channels: channels, height: patch, width: patch) }

    /// Learned positions of a plane: int(S·P), at least 1; all where nothing is predicted.
    public var learnedPositions: Int { learned.map { learnedCount(patch * patch, proportion: $0) } ?? patch * patch }

    /// The layer: each column's α from its own stream and its squared-exponential dictionary; `--alpha shared` gives all
    /// columns that of column 0.
    ///
    /// - Throws: `FactorisationError` where a kernel matrix is not positive definite.
    public func makeWeights(channels: Int) throws -> PredictedWeights {
        let grid = grid(channels: channels)
        guard learned != nil else { return .dense(grid: grid, units: features) }
        let alphas = try (0..<columns).map { try dictionary(grid: grid).choose(learnedPositions, stream: stream(column: $0)) }
        return try makeWeights(grid: grid, alphas: alphas)
    }

    /// The layer whose columns have the α given, each with its cut of the units.
    ///
    /// - Throws: `FactorisationError` where a kernel matrix is not positive definite.
    func makeWeights(grid: PixelGrid, alphas: [[Int]]) throws -> PredictedWeights {
        let cut = Cut(features, into: columns)
        return PredictedWeights(
            grid: grid,
            columns: try (0..<columns).map { j in
                let u = try dictionary(grid: grid).matrix(alpha: alphas[j], stream: stream(column: j))
                return Column(units: cut[j], alpha: alphas[j], dictionary: u)
            })
    }

    private func dictionary(grid: PixelGrid) -> SquaredExponential {
        SquaredExponential(
            grid: grid, sigma: sigma ?? SquaredExponential.sigma(grid: grid, learned: learnedPositions),
            form: ridge.map { .ridge($0) } ?? .raw)
    }

    private func stream(column: Int) -> ColumnStream {
        ColumnStream(seed: seed, layer: 0, column: column, sampling: alpha)
    }

    /// w₀ = N(0, .01²), drawn by position in the layer, so that it is the same on every rank.
    public func startingValues(for weights: PredictedWeights) -> LearnedValues {
        let values = LearnedValues([("rica", weights.units, weights.valuesPerUnit)])
        RandomStream(seed: seed, purpose: .initialValues).fillNormal(values.flat.elements)
        for i in 0..<values.count { values.flat.pointer[i] *= 0.01 }
        return values
    }
}
