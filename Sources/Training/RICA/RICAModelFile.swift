import Datasets
import Foundation
import Layers
import LinearAlgebra

/// model.safetensors: names and shapes are a table in docs/rica.md. Nothing in it depends on ranks, hosts or time.
extension RICAModel {
    /// Writes the model, the settings behind it and where its patches were taken.
    ///
    /// - Parameter sampler: gives image, row and column of every patch that features were learned on, so that another program
    ///   can recompute the objective.
    /// - Throws: `WriteError`.
    public func write(to path: String, settings: RICASettings, sampler: PatchSampler) throws {
        var file = Safetensors(metadata: [
            "format": "colonnade rica 1",
            "settings": String(decoding: try RICAModel.encoder().encode(settings), as: UTF8.self),
            "grid": "\(weights.grid.channels),\(weights.grid.height),\(weights.grid.width)",
            "dictionary": weights.isDense ? "dense" : "se",
            "epsilon": "\(RICAObjective.defaultEpsilon)",
            "contrast.offset": "\(contrastOffset)",
            "encoder": encoder.rawValue,
            "encoder.epsilon": "\(Encoder.epsilon)",
            "encoder.threshold": "\(Encoder.threshold)",
        ])
        file.set("layer.w", values)
        file.set("layer.alpha", weights.columns.flatMap { $0.alpha.map(Int32.init) }, shape: [weights.columns.count, weights.columns[0].alpha.count])
        file.set("layer.columns", [0] + weights.columns.map { Int32($0.units.upperBound) })
        file.set("whitening.mean", whitening.mean)
        file.set("whitening.matrix", whitening.matrix)
        file.set("encoder.scale", scale)
        let positions = (0..<settings.patches).map(sampler.position)
        file.set("patches", positions.flatMap { [Int32($0.image), Int32($0.row), Int32($0.column)] }, shape: [positions.count, 3])
        for (fold, classifier) in classifiers.enumerated() {
            file.set("classifier.\(fold).mean", classifier.mean)
            file.set("classifier.\(fold).scale", classifier.scale)
            file.set("classifier.\(fold).weights", classifier.weights)
            file.set("classifier.\(fold).bias", classifier.bias)
        }
        try file.write(to: path)
    }

    /// Writes Ŵ as ordinary dense weights: one array `layer.weight`, units × n_v.
    ///
    /// - Throws: `WriteError`.
    public func writeExpanded(to path: String) throws {
        var file = Safetensors()
        file.set("layer.weight", expandedRows)
        try file.write(to: path)
    }

    /// Reads a model and the settings that it was learned with. Dictionaries are rebuilt from α and the settings.
    ///
    /// - Throws: `DataError` where the file is missing or is no such model; `FactorisationError`.
    public static func read(from path: String) throws -> (model: RICAModel, settings: RICASettings) {
        let file = try Safetensors(path: path)
        guard file.metadata["format"] == "colonnade rica 1", let text = file.metadata["settings"],
            let settings = try? JSONDecoder().decode(RICASettings.self, from: Data(text.utf8)),
            let encoder = file.metadata["encoder"].flatMap(Encoder.init(rawValue:)),
            let channels = file.metadata["grid"]?.split(separator: ",").first.flatMap({ Int($0) })
        else {
            throw DataError(message: "\(path): expected a model of the job rica, found another safetensors file")
        }
        let bounds: [Int32] = try file.values("layer.columns")
        let alpha: [Int32] = try file.values("layer.alpha")
        let grid = settings.grid(channels: channels)
        let weights: PredictedWeights
        if file.metadata["dictionary"] == "dense" {
            weights = .dense(grid: grid, units: settings.features)
        } else {
            let count = alpha.count / (bounds.count - 1)
            let alphas = (0..<bounds.count - 1).map { j in alpha[j * count..<(j + 1) * count].map(Int.init) }
            weights = try settings.makeWeights(
                grid: grid, alphas: alphas, units: zip(bounds, bounds.dropFirst()).map { Int($0)..<Int($1) })
        }
        let model = RICAModel(
            weights: weights, values: try file.matrix("layer.w"),
            whitening: Whitening(mean: try file.values("whitening.mean"), matrix: try file.matrix("whitening.matrix")),
            scale: try file.values("encoder.scale"), encoder: encoder)
        guard model.values.rows == weights.units, model.values.columns == weights.valuesPerUnit,
            model.whitening.mean.count == grid.inputs, model.scale.count == weights.units
        else {
            throw DataError(message: "\(path): expected arrays of the shapes that its settings give, found others")
        }
        return (model, settings)
    }

    private static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
