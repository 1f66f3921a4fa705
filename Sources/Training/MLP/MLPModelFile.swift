import Foundation
import Storage

/// model.safetensors: names and shapes are a table in docs/mlp.md. Nothing in it depends on ranks, hosts or time.
extension MLPModel {
    /// Writes the model and the settings that it was learned with.
    ///
    /// - Throws: `WriteError`.
    func write(to path: String, settings: MLPSettings) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let grid = weights[0].grid
        var file = Safetensors(metadata: [
            "format": "colonnade mlp 1",
            "settings": String(decoding: try encoder.encode(settings), as: UTF8.self),
            "grid": "\(grid.channels),\(grid.height),\(grid.width)",
            "input": "pixels divided by 255",
        ])
        for (k, layer) in weights.enumerated() {
            let name = names[k]
            file.set("\(name).w", layerValues[k].columns(0..<layer.valuesPerUnit))
            file.set("\(name).bias", biases(k))
            guard !layer.isDense else { continue }
            let alpha = layer.columns.flatMap { $0.alpha.map(Int32.init) }
            file.set("\(name).alpha", alpha, shape: [layer.columns.count, layer.columns[0].alpha.count])
            file.set("\(name).columns", [0] + layer.columns.map { Int32($0.units.upperBound) })
            for (j, column) in layer.columns.enumerated() { file.set("\(name).U.\(j)", column.dictionary!) }
        }
        try file.write(to: path)
    }

    /// Writes every layer as ordinary dense weights: `NAME.weight`, units × inputs, and `NAME.bias`.
    ///
    /// - Throws: `WriteError`.
    func writeExpanded(to path: String) throws {
        var file = Safetensors()
        for k in weights.indices {
            file.set("\(names[k]).weight", expanded(k))
            file.set("\(names[k]).bias", biases(k))
        }
        try file.write(to: path)
    }

    private func biases(_ layer: Int) -> [Float] {
        (0..<weights[layer].units).map { layerValues[layer][$0, weights[layer].valuesPerUnit] }
    }
}
