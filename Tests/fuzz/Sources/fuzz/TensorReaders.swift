import Datasets
import Foundation
import LinearAlgebra
import RICA
import Storage

/// A safetensors file of an input: the input itself or, where it begins as JSON, a header up to the end of its first
/// line, which gets its length here, and data.
func safetensorsFile(_ input: [UInt8]) -> [UInt8] {
    guard input.first == UInt8(ascii: "{") else { return input }
    let header = input.prefix { $0 != UInt8(ascii: "\n") }
    return UInt64(header.count).littleEndianBytes + header + input.dropFirst(header.count + 1)
}

/// The input that stands for a file with that header, with a length in front and without.
func safetensorsSeeds(_ file: [UInt8]) -> [[UInt8]] {
    let end = 8 + file[..<8].reversed().bigEndian
    return [file, file[8..<end] + [UInt8(ascii: "\n")] + file[end...]]
}

let safetensorsWords = [
    "\"__metadata__\":", "\"dtype\":", "\"shape\":", "\"data_offsets\":", "\"F32\"", "\"F64\"", "\"I32\"", "\"I64\"",
    "\"U8\"", "[0,0]", "[]", "{}", "9223372036854775807", "-1", "2147483647", "1e3", "null", "\\u0000", "\\ud800",
    "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},",
]

/// Reads every array as it is, and as what it is not.
private func readAll(_ file: Safetensors) throws {
    func read<Element: TensorElement>(_ name: String, as _: Element.Type) throws {
        let tensor = file.tensors[name]!
        do {
            let values: [Element] = try file.values(name)
            expect(tensor.type == Element.tensorType, "\(tensor.type) was read as \(Element.tensorType)")
            expect(values.count == tensor.shape.reduce(1, *), "\(values.count) values of shape \(tensor.shape)")
        } catch let error as DataError {
            let isNumber = tensor.type == .F32 || tensor.type == .F64
            if tensor.type == Element.tensorType, !isNumber { throw error }
        }
    }
    for name in file.tensors.keys {
        try read(name, as: Float.self)
        try read(name, as: Double.self)
        try read(name, as: Int32.self)
        try read(name, as: Int64.self)
        try read(name, as: UInt8.self)
        do { _ = try file.matrix(name, as: Float.self) } catch is DataError {}
    }
}

func safetensorsReader(_ folder: Folder) throws -> Reader {
    var example = Safetensors(metadata: ["job": "rica", "a \"name\"": "/"])
    example.set("w", Matrix<Float>([[1, 2, 3], [4, 5, 6]]))
    example.set("alpha", [3, -1] as [Int32])
    example.set("mean", [0.5] as [Double])
    example.set("big", [7] as [Int64])
    example.set("none", [] as [UInt8])
    let path = folder.file("x.safetensors")
    let again = folder.file("again.safetensors")
    try example.write(to: path)
    let seeds = try safetensorsSeeds(folder.bytes("x.safetensors"))
    return Reader(longest: 2048, seeds: seeds, words: safetensorsWords) { input in
        let bytes = safetensorsFile(input)
        folder.write("x.safetensors", bytes)
        let read = Memory.ofText.watch(bytes.count) {
            let file = try Safetensors(path: path)
            try readAll(file)
            return file
        }
        guard let read else { return }
        let data = read.tensors.values.reduce(0) { $0 + $1.byteCount }
        expect(8 + bytes[..<8].reversed().bigEndian + data == bytes.count, "accepted \(bytes.count) bytes")
        // What was read is written, and read again as the same.
        try read.write(to: again)
        let other = try Safetensors(path: again)
        expect(other.metadata == read.metadata, "other metadata after writing")
        expect(other.tensors.mapValues(\.shape) == read.tensors.mapValues(\.shape), "other shapes after writing")
    }
}

/// An input is a model of the job rica.
func modelReader(_ folder: Folder) throws -> Reader {
    let path = folder.file("model.safetensors")
    let again = folder.file("again.safetensors")
    var seeds: [[UInt8]] = []
    for (learned, columns) in [(nil, 1), (0.5, 2)] as [(Double?, Int)] {
        let settings = RICASettings(
            dataset: "mnist", seed: 3, learned: learned, columns: columns, alpha: .distinct,
            sigma: learned == nil ? nil : 1, ridge: learned == nil ? nil : 0.1, patch: 2, patches: 1, features: 2,
            lambda: 0.5, norm: .variance, iterations: 0, encoder: .abs, cost: 100)
        let weights = try settings.makeWeights(channels: 1)
        let values = Matrix<Float>(rows: 2, columns: weights.valuesPerUnit)
        for i in values.elements.indices { values.pointer[i] = Float(i + 1) }
        let covariance = Matrix<Double>([[4, 1, 0, 0], [1, 3, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]])
        let whitening = try Whitening(mean: [0, 1, 0, -1], covariance: covariance)
        var model = RICAModel(
            weights: weights, values: values, whitening: whitening, covariance: covariance, encoder: .abs)
        model.patches = [PatchPosition(image: 0, row: 0, column: 1)]
        try model.write(to: path, settings: settings)
        seeds += try safetensorsSeeds(folder.bytes("model.safetensors"))
    }
    let words =
        safetensorsWords + [
            "\\\\n", "\"layer.w\"", "\"layer.alpha\"", "\"layer.columns\"", "\"layer.U.0\"", "\\\"learned\\\":",
            "\\\"ridge\\\":",
            "\\\"sigma\\\":", "\\\"dictionary\\\":\\\"kmeans\\\",", "\\\"dictionary\\\":\\\"pca\\\",",
            "\\\"dictionary\\\":\\\"dct\\\",", "\\\"dictionary\\\":\\\"haar\\\",", "\\\"dictionary\\\":\\\"emp\\\",",
            "\\\"dictionary\\\":\\\"fourier\\\",", "\\\"dictionary\\\":\\\"downsample\\\",",
            "\\\"dictionary\\\":\\\"randcon\\\",", "\\\"dictionary\\\":\\\"randfixu\\\",",
        ]
    return Reader(longest: 4096, seeds: seeds, words: words) { input in
        let bytes = safetensorsFile(input)
        folder.write("model.safetensors", bytes)
        guard let (model, settings) = Memory.ofText.watch(bytes.count, { try RICAModel.read(from: path) }) else {
            return
        }
        _ = Memory.ofText.watch(bytes.count) { model.expandedRows }
        try model.write(to: again, settings: settings)
        let (other, otherSettings) = try RICAModel.read(from: again)
        expect(otherSettings == settings, "other settings after writing")
        expect(other.fingerprint == model.fingerprint, "another model after writing")
    }
}
