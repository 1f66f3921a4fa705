import BenchmarkSupport
import Layers
import LinearAlgebra
import RICA

/// One thing whose time is taken, and what the time is held against.
struct Contestant {
    enum Baseline: String { case products, dense }

    let name: String
    let baseline: Baseline?
    /// The largest ratio to the baseline that the project allows itself; nil: shown only.
    let bound: Double?
    let run: () -> Void
    var times = Spread()

    /// The two products of an evaluation, each one call over all patches.
    static func products(_ patches: WhitePatches, features: Int) -> Contestant {
        let x = patches.rows
        let rows = Matrix<Float>(rows: features, columns: x.columns)
        let gradient = Matrix<Float>(rows: features, columns: x.columns)
        let outputs = Matrix<Float>(rows: x.rows, columns: features)
        RandomStream(seed: 1, purpose: .initialValues).fillNormal(rows.elements)
        return Contestant(name: "two products, plain sgemm", baseline: nil, bound: nil) {
            multiply(x, rows, transposed: .second, into: outputs)
            multiply(outputs, x, transposed: .first, into: gradient)
        }
    }

    /// An evaluation as the optimiser asks for it on one rank.
    static func evaluation(
        _ patches: WhitePatches, features: Int, learned: Double?, columns: Int, path: ComputePath
    ) throws -> Contestant {
        let settings = RICASettings(
            dataset: "white", learned: learned, columns: columns, patch: 6, patches: patches.rows.rows,
            features: features)
        let weights = try settings.makeWeights(channels: 3)
        let objective = RICAObjective(
            weights: weights, patches: patches.rows, totalPatches: patches.rows.rows,
            outerProducts: patches.moments.outerProducts,
            norm: settings.norm, sparsity: settings.lambda, path: path)
        let values = settings.startingValues(for: weights).matrix(0)
        let gradient = Matrix<Float>(rows: weights.units, columns: weights.valuesPerUnit)
        let limit: Double? =
            switch (path, learned, columns) {
            case (.expanded, nil, _): 1.05
            case (.reduced, 0.1?, 1), (.reduced, 0.1?, 4): 0.3
            case (.reduced, 0.1?, 16): 0.4
            case (.reduced, 0.25?, 1), (.reduced, 0.25?, 4): 0.5
            case (.reduced, 0.25?, 16): 0.7
            default: nil
            }
        return Contestant(
            name: learned.map { "\(path.rawValue), \($0) learned, \(columns) column\(columns == 1 ? "" : "s")" }
                ?? "dense",
            baseline: learned == nil ? .products : .dense, bound: limit
        ) {
            _ = objective.samplesPart(0, at: values, gradient: gradient)
            _ = objective.complete(at: values, owned: 0..<weights.units, gradient: gradient)
        }
    }
}
