import Datasets
import Foundation
import Layers
import LinearAlgebra
import RICA
import Storage
import TestSupport
import Testing

@Suite struct RICAModelTests {
    private func sampler(_ folder: String) throws -> PatchSampler {
        try writeSmallSTL10(to: folder, train: 20, test: 10, unlabelled: 10)
        return PatchSampler(images: try Dataset.open("stl10", data: folder).unlabelled, size: 4, seed: 3)
    }

    @Test(arguments: [nil, 0.4]) func aModelComesBackAsItWas(learned: Double?) throws {
        try withFolder { folder in
            var settings = smallSettings(learned: learned, columns: learned == nil ? 1 : 2)
            settings.encoder = .rectified
            var model = try smallModel(settings, channels: 3, encoder: .rectified).model
            model.patches = (0..<settings.patches).map(try sampler(folder).position)
            let path = folder + "/model.safetensors"
            try model.write(to: path, settings: settings)
            let (read, readSettings) = try RICAModel.read(from: path)
            #expect(readSettings == settings)
            #expect(read.values.arrays == model.values.arrays)
            #expect(
                read.whitening.mean == model.whitening.mean
                    && read.whitening.matrix.arrays == model.whitening.matrix.arrays)
            #expect(read.patches == model.patches)
            #expect(read.scale == model.scale && read.encoder == .rectified)
            #expect(read.weights.columns.map(\.alpha) == model.weights.columns.map(\.alpha))
            #expect(read.weights.columns.map(\.units) == model.weights.columns.map(\.units))
            #expect(read.expandedRows.arrays == model.expandedRows.arrays)

            let again = folder + "/again.safetensors"
            try model.write(to: again, settings: settings)
            #expect(FileManager.default.contents(atPath: path) == FileManager.default.contents(atPath: again))
            try read.write(to: again, settings: readSettings)
            #expect(FileManager.default.contents(atPath: path) == FileManager.default.contents(atPath: again))
        }
    }

    @Test func theExpandedRowsAreWritten() throws {
        try withFolder { folder in
            let model = try smallModel(smallSettings(), channels: 1).model
            try model.writeExpanded(to: folder + "/dense.safetensors")
            let rows: Matrix<Float> = try Safetensors(path: folder + "/dense.safetensors").matrix("layer.weight")
            #expect(rows.arrays == model.expandedRows.arrays)
        }
    }

    static let malformed: [(name: String, change: @Sendable (inout RICASettings) -> Void)] = [
        ("columns", { $0.columns = 0 }), ("columns", { $0.columns = -1 }), ("columns", { $0.columns = 7 }),
        ("columns", { $0.learned = nil }),
        ("patch", { $0.patch = 1 }), ("patch", { $0.patch = 4_000_000_000 }), ("patch", { $0.patch = .min }),
        ("patches", { $0.patches = -5 }), ("patches", { $0.patches = 0 }), ("patches", { $0.patches = 1 << 62 }),
        ("patches", { $0.patches = .max }),
        ("features", { $0.features = 0 }), ("features", { $0.features = .max }), ("learned", { $0.learned = 1e300 }),
        ("learned", { $0.learned = 0 }),
        ("sigma", { $0.sigma = 0 }), ("sigma", { $0.sigma = 1e-300 }), ("sigma", { $0.sigma = 1e300 }),
        ("ridge", { $0.ridge = -1 }),
        ("ridge", { $0.ridge = 0 }), ("lambda", { $0.lambda = -1 }), ("iterations", { $0.iterations = -1 }),
        ("iterations", { $0.iterations = .max }),
        ("cost", { $0.cost = -1 }), ("cost", { $0.cost = 0 }), ("dataset", { $0.dataset = "" }),
        ("dataset", { $0.dataset = "\n" }),
    ]

    @Test(arguments: malformed.indices) func settingsThatNoRunCanHaveAreRefused(change: Int) throws {
        try withFolder { folder in
            var settings = smallSettings()
            let model = try smallModel(settings, channels: 1).model, path = folder + "/model.safetensors"
            Self.malformed[change].change(&settings)
            try model.write(to: path, settings: settings)
            let error = #expect(throws: DataError.self) { _ = try RICAModel.read(from: path) }
            #expect(
                error?.message.hasPrefix("\(path): settings.\(Self.malformed[change].name): expected ") == true
                    && error?.message.contains("\n") == false,
                "\(String(describing: error))")
        }
    }

    /// One thing that a model file holds is changed: the message names the file and the thing.
    private func expectRefusal(
        _ name: String, settings: RICASettings = smallSettings(), _ change: (inout Safetensors) throws -> Void
    ) throws {
        try withFolder { folder in
            var model = try smallModel(settings, channels: 3).model
            model.patches = (0..<settings.patches).map(try sampler(folder).position)
            let path = folder + "/model.safetensors"
            try model.write(to: path, settings: settings)
            var file = try Safetensors(path: path)
            try change(&file)
            try file.write(to: folder + "/changed.safetensors")
            let error = #expect(throws: DataError.self) {
                _ = try RICAModel.read(from: folder + "/changed.safetensors")
            }
            let message = error?.message ?? ""
            #expect(
                message.hasPrefix("\(folder)/changed.safetensors: expected ") && message.contains(name)
                    && !message.contains("\n"), "\(message)")
        }
    }

    /// Settings that any run could have, but not of this model: compared before anything is made from them.
    static let others: [(name: String, change: @Sendable (inout RICASettings) -> Void)] = [
        ("grid", { $0.patch = 5 }), ("dictionary", { ($0.learned, $0.columns) = (nil, 1) }),
        ("encoder.scale", { $0.features = 1_000_000 }),
        ("layer.alpha", { $0.columns = 3 }), ("layer.alpha", { $0.learned = 1 }),
        ("patches", { $0.patches = 1_000_000_000 }),
    ]

    @Test(arguments: others.indices) func settingsOfAnotherModelAreRefused(change: Int) throws {
        try expectRefusal(Self.others[change].name) { file in
            var settings = smallSettings()
            Self.others[change].change(&settings)
            file.metadata["settings"] = String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
        }
    }

    /// A side of 100 and 4000 α of one channel in the settings, in a file of some kilobytes.
    @Test func aLayerThatTheFileDoesNotHoldIsNotMade() throws {
        try expectRefusal("encoder.scale") { file in
            var settings = smallSettings()
            (settings.patch, settings.learned, settings.features) = (100, 0.4, 4000)
            file.metadata["settings"] = String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
            file.metadata["grid"] = "1,100,100"
        }
    }

    @Test(arguments: [
        ("settings", "not JSON"), ("settings", "{}"), ("format", "colonnade rica 2"), ("format", ""),
        ("encoder", "\u{7}"), ("encoder", "ABS"), ("encoder", "smooth"),
        ("grid", "3,4,5"), ("grid", "3,5,5"), ("grid", "0,4,4"), ("grid", "9223372036854775807,4,4"),
        ("grid", "3,4,4,1"), ("grid", ""),
        ("dictionary", "dense"), ("dictionary", ""), ("epsilon", "nan"), ("contrast.offset", "-10.0"),
        ("encoder.epsilon", "1e300"),
        ("encoder.threshold", "0.7"),
    ])
    func metadataOfAnotherComputation(name: String, value: String) throws {
        try expectRefusal(name == "format" ? "a model of the job rica" : name) { $0.metadata[name] = value }
        try expectRefusal(name == "format" ? "a model of the job rica" : name) { $0.metadata[name] = nil }
    }

    @Test(arguments: [
        "layer.w", "layer.alpha", "layer.columns", "whitening.mean", "whitening.matrix", "encoder.scale", "patches",
    ])
    func tensorsOfAnotherShapeOrType(name: String) throws {
        try expectRefusal(name) { $0.set(name, [1, 2, 3] as [Int32], shape: [3, 1]) }
        try expectRefusal(name) { file in
            let shape = file.tensors[name]!.shape
            file.set(name, [UInt8](repeating: 1, count: shape.reduce(1, *)), shape: shape)
        }
    }

    @Test(arguments: ["layer.w", "whitening.mean", "whitening.matrix", "encoder.scale"], [Float.nan, .infinity])
    func numbersThatAreNotFinite(name: String, value: Float) throws {
        try expectRefusal("\(name) of finite numbers, found \(value) at position 5") { file in
            var values: [Float] = try file.values(name)
            values[5] = value
            file.set(name, values, shape: file.tensors[name]!.shape)
        }
    }

    @Test(
        arguments: [
            ("layer.alpha", 1, 0), ("layer.alpha", 0, -1), ("layer.alpha", 5, 16), ("layer.alpha", 11, .max),
            ("layer.columns", 0, 1),
            ("layer.columns", 1, 0), ("layer.columns", 1, 2), ("layer.columns", 1, 6), ("layer.columns", 2, 7),
            ("layer.columns", 1, -1), ("patches", 7, -1), ("patches", 149, .min),
        ] as [(String, Int, Int32)])
    func placesThatAreNone(name: String, index: Int, value: Int32) throws {
        try expectRefusal(name) { file in
            var values: [Int32] = try file.values(name)
            if (name, index, value) == ("layer.alpha", 1, 0) { values[1] = values[0] } else { values[index] = value }
            file.set(name, values, shape: file.tensors[name]!.shape)
        }
    }

    @Test func aNegativeScaleIsRefused() throws {
        try expectRefusal("encoder.scale of at least 0, found -1.0 at position 2") { file in
            var scale: [Float] = try file.values("encoder.scale")
            scale[2] = -1
            file.set("encoder.scale", scale)
        }
    }

    @Test(arguments: [(10, 0, 0), (Int(Int32.max), 0, 0), (0, 93, 0), (0, 0, 93)])
    func patchesOutsideOfTheImages(image: Int, row: Int, column: Int) throws {
        try withFolder { folder in
            let images = try sampler(folder).images
            var model = try smallModel(smallSettings(), channels: 3).model
            model.patches = [PatchPosition(image: 9, row: 92, column: 92)]
            try model.checkPatches(in: images, path: "a model")
            model.patches.append(PatchPosition(image: image, row: row, column: column))
            let error = #expect(throws: DataError.self) { try model.checkPatches(in: images, path: "a model") }
            #expect(error?.message.contains("found image \(image), row \(row), column \(column) of patch 1") == true)
            #expect(
                error?.message.hasPrefix("a model: expected patches in the 10 images of 3×96×96 in \(images.path)")
                    == true)
        }
    }

    @Test func aFingerprintIsThatOfTheNumbers() throws {
        let model = try smallModel(smallSettings(), channels: 1).model,
            other = try smallModel(smallSettings(), channels: 1).model
        #expect(model.fingerprint == other.fingerprint)
        other.values[0, 0] += 1
        #expect(model.fingerprint != other.fingerprint)
    }

    @Test func anotherFileIsRefused() throws {
        try withFolder { folder in
            let path = folder + "/other.safetensors"
            try Safetensors(metadata: ["format": "other"]).write(to: path)
            let error = #expect(throws: DataError.self) { _ = try RICAModel.read(from: path) }
            #expect(error.map { "\($0)".contains(path) && "\($0)".contains("rica") } == true)
            #expect(throws: DataError.self) { _ = try RICAModel.read(from: folder + "/none.safetensors") }
        }
    }
}

@Suite struct RICALayerTests {
    @Test func columnsFollowTheSettings() throws {
        var settings = smallSettings(learned: 0.4, columns: 4)
        #expect(try settings.shape(channels: 3).atoms == 6)  // int(16 · 0.4)
        let distinct = try settings.makeWeights(channels: 3)
        #expect(distinct.columns.map(\.units) == [0..<1, 1..<3, 3..<4, 4..<6])
        #expect(Set(distinct.columns.map(\.alpha)).count == 4 && distinct.valuesPerUnit == 18)
        settings.alpha = .shared
        #expect(Set(try settings.makeWeights(channels: 3).columns.map(\.alpha)) == [distinct.columns[0].alpha])
        settings.learned = 0.01
        #expect(try settings.shape(channels: 3).atoms == 1)
        (settings.patch, settings.learned) = (28, 16.0 / 784)  // whose product with 784 is a little below 16 in Double
        #expect(try settings.shape(channels: 3).atoms == 16)
        settings.learned = nil
        #expect(try settings.makeWeights(channels: 3).isDense)
    }

    @Test func startingValuesAreSmallNormals() throws {
        let settings = smallSettings()
        let weights = try settings.makeWeights(channels: 3)
        let values = settings.startingValues(for: weights).matrix(0).doubles.joined().map { $0 * 100 }
        let mean = values.reduce(0, +) / 108, variance = values.reduce(0) { $0 + $1 * $1 } / 108
        // 108 values: five standard deviations of their mean and of their mean square
        #expect(
            values.count == 108 && abs(mean) < 5 / 108.0.squareRoot()
                && abs(variance - 1) < 5 * (2 / 108.0).squareRoot())
        #expect(settings.startingValues(for: weights).flat.arrays == settings.startingValues(for: weights).flat.arrays)
    }

    /// W is as large as that of a dense layer: 288 weights, for which 108 numbers are drawn.
    @Test func startingValuesOfAnOrthonormalBasisAreThoseOfItsSpan() throws {
        var settings = smallSettings()
        (settings.ridge, settings.isOrthonormal) = (nil, true)
        let weights = try settings.makeWeights(channels: 3), start = settings.startingValues(for: weights).matrix(0)
        let full = Matrix<Float>(rows: weights.units, columns: weights.grid.count), back = start.clone()
        weights.expand(start, into: full)
        weights.projectGradient(full, into: back)
        // ÛᵀÛw = w: two products of at most 16 terms.
        #expect(largestDifference(back.doubles, start.doubles) <= floatGamma(64) * 4 * largest(start.doubles))
        let square = full.doubles.joined().reduce(0) { $0 + $1 * $1 } / Double(full.rows * full.columns) * 1e4
        // 108 draws: five standard deviations of their mean square.
        #expect(abs(square - 1) < 5 * (2 / 108.0).squareRoot())
    }
}

/// Every dictionary that can predict features gives a model that a file brings back: from α and the settings, or,
/// where it is made from patches, from the U in the file.
@Suite struct RICADictionaryModelTests {
    @Test(arguments: RICASettings.dictionaries) func aModelComesBackFromItsFile(kind: DictionaryKind) throws {
        var settings = smallSettings(learned: 0.4, columns: 2)
        // As many as k-means has centres.
        (settings.dictionary, settings.patches) = (kind, 1000)
        let data: DictionaryData? =
            switch kind.need {
            case .covariance: .covariance(DictionaryData.smallCovariance(16))
            case .centres: .atoms(normalMatrix(rows: 3000, columns: 16, stream: 62))
            case .autoencoder, nil: nil
            }
        let weights = try settings.makeWeights(channels: 3, data: data)
        #expect(weights.shape == (try settings.shape(channels: 3)) && weights.shape.atoms == 6)
        let values = normalMatrix(rows: 6, columns: 18, stream: 61), identity = Matrix<Float>(rows: 48, columns: 48)
        let covariance = Matrix<Double>(rows: 48, columns: 48)
        for i in 0..<48 { (identity[i, i], covariance[i, i]) = (1, 1) }
        var model = RICAModel(
            weights: weights, values: values,
            whitening: Whitening(mean: [Float](repeating: 0, count: 48), matrix: identity),
            covariance: covariance, encoder: .abs)
        model.patches = (0..<settings.patches).map { PatchPosition(image: $0, row: 0, column: 0) }
        model.holdsDictionary = kind.need != nil
        try withFolder { folder in
            try model.write(to: folder + "/m.safetensors", settings: settings)
            let read = try RICAModel.read(from: folder + "/m.safetensors")
            #expect(read.model.fingerprint == model.fingerprint)
            #expect(
                read.settings == settings && read.model.weights.columns.map(\.alpha) == weights.columns.map(\.alpha))
            for (a, b) in zip(read.model.weights.columns, weights.columns) {
                #expect(a.dictionary!.arrays == b.dictionary!.arrays, "\(kind.name)")
            }
            // A U that only the file has is part of what the model is.
            let fingerprint = model.fingerprint
            weights.columns[0].dictionary!.elements[0] += 1
            #expect((model.fingerprint != fingerprint) == (kind.need != nil), "\(kind.name)")
        }
    }

    @Test func othersAreRefused() {
        #expect(DictionaryKind.all.filter { !RICASettings.dictionaries.contains($0) } == [.ae, .lowrank])
        var settings = smallSettings()
        settings.dictionary = .lowrank
        let error = #expect(throws: SettingError.self) { try settings.check() }
        #expect(error?.name == "dictionary" && error?.found == "lowrank")
    }
}

extension DictionaryData {
    /// The covariance XᵀX/m of m = 2n samples.
    fileprivate static func smallCovariance(_ n: Int) -> Matrix<Double> {
        let samples = normalMatrix(rows: 2 * n, columns: n, stream: 63).widened,
            covariance = Matrix<Double>(rows: n, columns: n)
        multiply(samples, samples, transposed: .first, into: covariance, alpha: 1 / Double(2 * n))
        mirrorLowerTriangle(of: covariance)
        return covariance
    }
}
