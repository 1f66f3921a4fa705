import Datasets
import Foundation
import Layers
import LinearAlgebra
import RICA
import Runs
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

/// An input is a file that training starts from, of a model with a predicted layer or of dense weights.
func initReader(_ folder: Folder) throws -> Reader {
    let path = folder.file("x.safetensors"), line = TensorShape(channels: 1, height: 1, width: 3)
    let wanted = [
        InitialWeights.Wanted(
            name: "conv1", units: 2, grid: TensorShape(channels: 1, height: 4, width: 4), isConvolution: true),
        InitialWeights.Wanted(name: "softmax", units: 2, grid: line, isConvolution: false),
    ]
    var seeds: [[UInt8]] = []
    var dense = Safetensors()
    dense.set("0.weight", [1, 2, 3, 4, 5, 6, 7, 8] as [Float], shape: [2, 1, 2, 2])
    dense.set("0.bias", [1, 2] as [Float])
    dense.set("3.weight", [1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    var model = Safetensors(metadata: ["format": "colonnade convnet 1", "settings": "{}"])
    model.set("conv1.w", [1, 2, 3, 4] as [Float], shape: [2, 2])
    model.set("conv1.alpha", [0, 1, 1, 2] as [Int32], shape: [2, 2])
    model.set("conv1.columns", [0, 1, 2] as [Int32])
    for j in 0..<2 { model.set("conv1.U.\(j)", [1, 0, 0, 1, 1, 0, 0, 1] as [Float], shape: [4, 2]) }
    model.set("softmax.w", [1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    for file in [dense, model] {
        try file.write(to: path)
        seeds += try safetensorsSeeds(folder.bytes("x.safetensors"))
    }
    let words = safetensorsWords + [
        "\"conv1.weight\"", "\"softmax.weight\"", "\"conv1.w\"", "\"conv1.alpha\"", "\"conv1.columns\"",
        "\"conv1.U.0\"", "\"conv1.bias\"", "\"format\":\"colonnade ", "[2,1,4,4]", "[2,16]", "[2,9]",
    ]
    return Reader(longest: 2048, seeds: seeds, words: words) { input in
        let bytes = safetensorsFile(input)
        folder.write("x.safetensors", bytes)
        let read = Memory.ofText.watch(bytes.count) {
            let weights = try InitialWeights(path: path, for: wanted)
            return try (0..<2).map(weights.layer)
        }
        guard let read else { return }
        for (layer, wanted) in zip(read, wanted) {
            expect(layer.biases.count == 2 && layer.weights.units == 2, "\(wanted.name) with other units")
            let all = layer.expanded()
            expect(all.rows == 2 && all.columns == wanted.grid.count, "\(wanted.name) on another grid")
        }
    }
}
