import Datasets
import Foundation
import Layers
import LinearAlgebra
import TestSupport
import Testing
import Training

@Suite struct RICAModelTests {
    private func sampler(_ folder: String) throws -> PatchSampler {
        try writeSmallSTL10(to: folder, train: 20, test: 10, unlabelled: 10)
        return PatchSampler(images: try Dataset.open("stl10", data: folder).unlabelled, size: 4, seed: 3)
    }

    @Test(arguments: [nil, 0.4]) func aModelComesBackAsItWas(learned: Double?) throws {
        try withFolder { folder in
            let settings = smallSettings(learned: learned, columns: learned == nil ? 1 : 2)
            var model = try smallModel(settings, channels: 3, encoder: .rectified).model
            model.patches = (0..<settings.patches).map(try sampler(folder).position)
            let path = folder + "/model.safetensors"
            try model.write(to: path, settings: settings)
            let (read, readSettings) = try RICAModel.read(from: path)
            #expect(readSettings == settings)
            #expect(read.values.arrays == model.values.arrays)
            #expect(read.whitening.mean == model.whitening.mean && read.whitening.matrix.arrays == model.whitening.matrix.arrays)
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

    static let malformed: [@Sendable (inout RICASettings) -> Void] = [
        { $0.columns = 0 }, { $0.columns = 3 }, { $0.columns = -1 }, { $0.ridge = -1 }, { $0.patches = -5 }, { $0.patch = 4_000_000_000 },
        { $0.patch = 5 }, { $0.learned = 1e300 }, { $0.learned = nil }, { $0.features = 7 }, { $0.sigma = 0 },
    ]

    @Test(arguments: malformed.indices) func settingsThatDoNotFitAreRefused(change: Int) throws {
        try withFolder { folder in
            var settings = smallSettings()
            let model = try smallModel(settings, channels: 1).model, path = folder + "/model.safetensors"
            Self.malformed[change](&settings)
            try model.write(to: path, settings: settings)
            let error = #expect(throws: DataError.self) { _ = try RICAModel.read(from: path) }
            #expect(error.map { "\($0)".contains(path) } == true)
        }
    }

    @Test func aFingerprintIsThatOfTheNumbers() throws {
        let model = try smallModel(smallSettings(), channels: 1).model, other = try smallModel(smallSettings(), channels: 1).model
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
        #expect(settings.learnedPositions == 6)  // int(16 · .4)
        let distinct = try settings.makeWeights(channels: 3)
        #expect(distinct.columns.map(\.units) == [0..<1, 1..<3, 3..<4, 4..<6])
        #expect(Set(distinct.columns.map(\.alpha)).count == 4 && distinct.valuesPerUnit == 18)
        settings.alpha = .shared
        #expect(Set(try settings.makeWeights(channels: 3).columns.map(\.alpha)) == [distinct.columns[0].alpha])
        settings.learned = 0.01
        #expect(settings.learnedPositions == 1)
        (settings.patch, settings.learned) = (28, 16.0 / 784)  // whose product with 784 is a little below 16 in Double
        #expect(settings.learnedPositions == 16)
        settings.learned = nil
        #expect(try settings.makeWeights(channels: 3).isDense)
    }

    @Test func startingValuesAreSmallNormals() throws {
        let settings = smallSettings()
        let weights = try settings.makeWeights(channels: 3)
        let values = settings.startingValues(for: weights).matrix(0).doubles.joined().map { $0 * 100 }
        let mean = values.reduce(0, +) / 108, variance = values.reduce(0) { $0 + $1 * $1 } / 108
        // 108 values: five standard deviations of their mean and of their mean square
        #expect(values.count == 108 && abs(mean) < 5 / 108.0.squareRoot() && abs(variance - 1) < 5 * (2 / 108.0).squareRoot())
        #expect(settings.startingValues(for: weights).flat.arrays == settings.startingValues(for: weights).flat.arrays)
    }
}
