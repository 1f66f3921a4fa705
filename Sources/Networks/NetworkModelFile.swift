import Datasets
import Foundation
import LinearAlgebra
import Storage

/// model.safetensors: names and shapes are a table in docs/mlp.md. Nothing in it depends on ranks, hosts or time.
extension NetworkModel {
    /// Writes the model and the settings that it was learned with.
    ///
    /// - Parameter whitening: of the images that it takes; nil: they are not whitened.
    /// - Throws: `WriteError`.
    func write(to path: String, settings: NetworkSettings, whitening: Whitening?) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let grid = spec.input
        var file = Safetensors(metadata: [
            "format": spec.hasMaps ? "colonnade convnet 1" : "colonnade mlp 2",
            "settings": String(decoding: try encoder.encode(settings), as: UTF8.self),
            "grid": "\(grid.channels),\(grid.height),\(grid.width)",
            "input": Preprocessing.described(settings.preprocessing),
        ])
        if let whitening {
            file.set("whitening.mean", whitening.mean)
            file.set("whitening.matrix", whitening.matrix)
        }
        for layer in layers {
            let name = layer.name, weights = layer.weights
            file.set("\(name).w", layer.values.columns(0..<weights.valuesPerUnit))
            file.set("\(name).bias", layer.biases)
            guard !weights.isDense else { continue }
            let alpha = weights.columns.flatMap { $0.alpha.map(Int32.init) }
            file.set("\(name).alpha", alpha, shape: [weights.columns.count, weights.columns[0].alpha.count])
            file.set("\(name).columns", [0] + weights.columns.map { Int32($0.units.upperBound) })
            for (j, column) in weights.columns.enumerated() { file.set("\(name).U.\(j)", column.dictionary!) }
        }
        try file.write(to: path)
    }

    /// Writes every layer as ordinary dense weights: `NAME.weight`, units × inputs, and `NAME.bias`.
    ///
    /// - Throws: `WriteError`.
    func writeExpanded(to path: String) throws {
        var file = Safetensors()
        for layer in layers {
            file.set("\(layer.name).weight", layer.expanded())
            file.set("\(layer.name).bias", layer.biases)
        }
        try file.write(to: path)
    }
}

extension NetworkModel.Layer {
    fileprivate var biases: [Float] { (0..<weights.units).map { values[$0, weights.valuesPerUnit] } }
}
