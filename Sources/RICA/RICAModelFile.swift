import Datasets
import Foundation
import Layers
import LinearAlgebra
import Partition
import Storage

/// model.safetensors: names and shapes are a table in docs/rica.md. Nothing in it depends on ranks, hosts or time.
extension RICAModel {
    /// Writes the model and the settings that it was learned with.
    ///
    /// - Throws: `WriteError`.
    public func write(to path: String, settings: RICASettings) throws {
        var metadata = RICAModel.metadata(settings: settings, channels: weights.grid.channels)
        metadata["settings"] = String(decoding: try RICAModel.encoder().encode(settings), as: UTF8.self)
        var file = Safetensors(metadata: metadata)
        file.set("layer.w", values)
        file.set(
            "layer.alpha", weights.columns.flatMap { $0.alpha.map(Int32.init) },
            shape: [weights.columns.count, weights.columns[0].alpha.count])
        file.set("layer.columns", [0] + weights.columns.map { Int32($0.units.upperBound) })
        if holdsDictionary {
            for (j, column) in weights.columns.enumerated() { file.set("layer.U.\(j)", column.dictionary!) }
        }
        file.set("whitening.mean", whitening.mean)
        file.set("whitening.matrix", whitening.matrix)
        file.set("encoder.scale", scale)
        file.set(
            "patches", patches.flatMap { [Int32($0.image), Int32($0.row), Int32($0.column)] },
            shape: [patches.count, 3])
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

    /// Reads a model and the settings that it was learned with. Dictionaries that are not in it are made again from α
    /// and the settings; classifiers are not read, since the phase that makes them follows.
    ///
    /// Shapes are compared with the settings before anything is made from either.
    ///
    /// - Throws: `DataError` where the file is missing or is no such model.
    public static func read(from path: String) throws -> (model: RICAModel, settings: RICASettings) {
        guard try fileStatus(path) != nil else {
            throw DataError(
                message:
                    "\(path): expected a model of the job rica, found no such file: --phase learn makes one, "
                        + "--model names another"
            )
        }
        func refuse(_ expected: String, _ found: String) -> DataError {
            DataError(message: "\(path): expected \(expected), found \(found)")
        }
        let file = try Safetensors(path: path)
        guard file.metadata["format"] == format else {
            throw refuse("a model of the job rica", "another safetensors file")
        }
        let text = file.metadata["settings", default: ""]
        guard let settings = try? decodeJSON(RICASettings.self, from: text.utf8) else {
            throw refuse("settings of the job rica in the metadata", text.isEmpty ? "none" : text.escaped)
        }
        do { try settings.check() } catch { throw DataError(message: "\(path): settings.\(error)") }
        let grids = file.metadata["grid", default: ""].split(separator: ",")
        guard let channels = grids.first.flatMap({ Int($0) }), (1...1000).contains(channels) else {
            throw refuse("a grid of 1 to 1000 channels", file.metadata["grid"]?.escaped ?? "none")
        }
        for (name, value) in metadata(settings: settings, channels: channels).sorted(by: <)
        where file.metadata[name] != value {
            throw refuse("\(name) \(value) in the metadata", file.metadata[name]?.escaped ?? "none")
        }

        let shape: WeightShape
        do { shape = try settings.shape(channels: channels) } catch {
            throw DataError(message: "\(path): settings: \(error)")
        }
        let grid = shape.grid, columns = settings.columns, learned = shape.atoms ?? grid.positions
        let atoms = settings.prediction?.dictionary.atoms(of: grid) ?? grid.positions
        var shapes = [
            "layer.w": [settings.features, channels * learned], "layer.alpha": [columns, learned],
            "layer.columns": [columns + 1], "whitening.mean": [grid.count],
            "whitening.matrix": [grid.count, grid.count],
            "encoder.scale": [settings.features], "patches": [settings.patches, 3],
        ]
        let isStored = settings.storesDictionary
        if isStored { for j in 0..<columns { shapes["layer.U.\(j)"] = [grid.positions, learned] } }
        for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) where file.tensors[name]?.shape != shape {
            let found = (file.tensors[name]?.shape).map { "\($0)".escaped }
            throw refuse("\(name) of the shape \(shape) that the settings give", found ?? "none")
        }
        let bounds: [Int32] = try file.values("layer.columns"), alpha: [Int32] = try file.values("layer.alpha")
        let cut = Cut(settings.features, into: columns)
        if let j = (0...columns).first(where: { Int(bounds[$0]) != ($0 == 0 ? 0 : cut[$0 - 1].upperBound) }) {
            throw refuse("layer.columns that cut \(settings.features) units evenly", "\(bounds[j]) at position \(j)")
        }
        let alphas = (0..<columns).map { j in alpha[j * learned..<(j + 1) * learned].map(Int.init) }
        for (j, alpha) in alphas.enumerated()
        where alpha[0] < 0 || alpha.last! >= atoms || !zip(alpha, alpha.dropFirst()).allSatisfy(<) {
            throw refuse(
                "layer.alpha ascending within 0 to \(atoms - 1) in every column", "others in column \(j)")
        }
        let scale: [Float] = try file.values("encoder.scale"), places: [Int32] = try file.values("patches")
        if let k = scale.firstIndex(where: { $0 < 0 }) {
            throw refuse("encoder.scale of at least 0", "\(scale[k]) at position \(k)")
        }
        if let k = places.firstIndex(where: { $0 < 0 }) {
            throw refuse("patches inside of images", "\(places[k]) at position \(k)")
        }
        let values: Matrix<Float> = try file.matrix("layer.w")
        let whitening = Whitening(mean: try file.values("whitening.mean"), matrix: try file.matrix("whitening.matrix"))

        let weights: PredictedWeights
        if isStored {
            weights = PredictedWeights(
                grid: grid,
                columns: try alphas.enumerated().map { j, alpha in
                    Column(units: cut[j], alpha: alpha, dictionary: try file.matrix("layer.U.\(j)"))
                })
        } else {
            do {
                weights = try settings.makeWeights(channels: channels, alphas: alphas)
            } catch {
                throw refuse("σ and ridge that give a dictionary", "none: \(error)")
            }
        }
        var model = RICAModel(
            weights: weights, values: values, whitening: whitening, scale: scale, encoder: settings.encoder)
        model.holdsDictionary = isStored
        model.patches = stride(from: 0, to: places.count, by: 3).map {
            PatchPosition(image: Int(places[$0]), row: Int(places[$0 + 1]), column: Int(places[$0 + 2]))
        }
        return (model, settings)
    }

    /// Refuses patches that do not lie in the images that they are said to be of.
    ///
    /// - Parameter path: where the model was read from.
    /// - Throws: `DataError`.
    public func checkPatches(in images: ImageSet, path: String) throws {
        let shape = images.shape, size = weights.grid.height
        for (m, place) in patches.enumerated()
        where place.image >= images.count || place.row + size > shape.height || place.column + size > shape.width {
            throw DataError(
                message: "\(path): expected patches in the \(images.count) images of \(shape) in \(images.path), "
                    + "found image \(place.image), row \(place.row), column \(place.column) of patch \(m): "
                    + "it was learned on other files, or is damaged")
        }
    }

    static let format = "colonnade rica 1"

    /// The metadata but for the settings: what a stranger needs to compute with the model, and what this program
    /// computes with.
    private static func metadata(settings: RICASettings, channels: Int) -> [String: String] {
        [
            "format": format,
            "grid": "\(channels),\(settings.patch),\(settings.patch)",
            "dictionary": settings.prediction?.dictionary.name ?? "dense",
            "epsilon": "\(RICAObjective.defaultEpsilon)",
            "contrast.offset": "\(contrastOffset)",
            "encoder": settings.encoder.rawValue,
            "encoder.epsilon": "\(Encoder.epsilon)",
            "encoder.threshold": "\(Encoder.threshold)",
        ]
    }

    private static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
