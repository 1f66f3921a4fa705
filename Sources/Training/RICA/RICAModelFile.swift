import Datasets
import Foundation
import Layers
import LinearAlgebra

/// model.safetensors: names and shapes are a table in docs/rica.md. Nothing in it depends on ranks, hosts or time.
extension RICAModel {
    /// Writes the model and the settings that it was learned with.
    ///
    /// - Throws: `WriteError`.
    public func write(to path: String, settings: RICASettings) throws {
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
        file.set("patches", patches.flatMap { [Int32($0.image), Int32($0.row), Int32($0.column)] }, shape: [patches.count, 3])
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

    /// Reads a model and the settings that it was learned with. Dictionaries are rebuilt from α and the settings; classifiers are
    /// not read, since the phase that makes them follows.
    ///
    /// - Throws: `DataError` where the file is missing or is no such model.
    public static func read(from path: String) throws -> (model: RICAModel, settings: RICASettings) {
        guard FileManager.default.fileExists(atPath: path) else {
            throw DataError(
                message: "\(path): expected a model of the job rica, found no such file: --phase learn makes one, --model names another")
        }
        let file = try Safetensors(path: path)
        guard file.metadata["format"] == "colonnade rica 1", let text = file.metadata["settings"],
            let settings = try? JSONDecoder().decode(RICASettings.self, from: Data(text.utf8)),
            let encoder = file.metadata["encoder"].flatMap(Encoder.init(rawValue:)),
            let channels = file.metadata["grid"]?.split(separator: ",").first.flatMap({ Int($0) })
        else {
            throw DataError(message: "\(path): expected a model of the job rica, found another safetensors file")
        }
        func refuse(_ name: String) -> DataError {
            DataError(message: "\(path): expected \(name) of the shape that the settings give, found another")
        }
        let isDense = file.metadata["dictionary"] == "dense"
        guard channels > 0, channels <= 1000, (2...1000).contains(settings.patch), (1...1_000_000).contains(settings.features),
            settings.sigma ?? 1 > 0, settings.ridge ?? 1 > 0, settings.patches > 0, settings.learned.map({ $0 > 0 && $0 <= 1 }) ?? true,
            isDense == (settings.learned == nil)
        else { throw refuse("settings of a layer") }
        let grid = settings.grid(channels: channels)
        let bounds: [Int32] = try file.values("layer.columns")
        let alpha: [Int32] = try file.values("layer.alpha")
        let columns = bounds.count - 1
        guard columns == settings.columns, columns >= 1, bounds[0] == 0, Int(bounds[columns]) == settings.features, zip(bounds, bounds.dropFirst()).allSatisfy(<=)
        else { throw refuse("layer.columns") }
        guard alpha.count % columns == 0, !alpha.isEmpty, alpha.allSatisfy({ $0 >= 0 && Int($0) < grid.positions })
        else { throw refuse("layer.alpha") }
        let weights: PredictedWeights
        if isDense {
            weights = .dense(grid: grid, units: settings.features)
        } else {
            let count = alpha.count / columns
            let alphas = (0..<columns).map { j in alpha[j * count..<(j + 1) * count].map(Int.init) }
            do {
                weights = try settings.makeWeights(
                    grid: grid, alphas: alphas, units: zip(bounds, bounds.dropFirst()).map { Int($0)..<Int($1) })
            } catch let error as FactorisationError {
                throw DataError(message: "\(path): expected σ and ridge that give a dictionary, found none: \(error)")
            }
        }
        let values: Matrix<Float> = try file.matrix("layer.w"), whitening: Matrix<Float> = try file.matrix("whitening.matrix")
        guard values.rows == weights.units, values.columns == weights.valuesPerUnit else { throw refuse("layer.w") }
        guard whitening.rows == grid.inputs, whitening.columns == grid.inputs else { throw refuse("whitening.matrix") }
        var model = RICAModel(
            weights: weights, values: values,
            whitening: Whitening(mean: try file.values("whitening.mean", shape: [grid.inputs]), matrix: whitening),
            scale: try file.values("encoder.scale", shape: [weights.units]), encoder: encoder)
        let places: [Int32] = try file.values("patches")
        guard file.tensors["patches"]?.shape == [places.count / 3, 3] else { throw refuse("patches") }
        model.patches = stride(from: 0, to: places.count, by: 3).map {
            PatchPosition(image: Int(places[$0]), row: Int(places[$0 + 1]), column: Int(places[$0 + 2]))
        }
        return (model, settings)
    }

    private static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
