import Datasets
import Foundation
import Storage
import TestSupport
import Testing

/// Another program recomputes objective, predictions and accuracy in Double from model.safetensors and the data files
/// alone.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct RecomputeTests {
    /// The keys that are needed of the settings in the file.
    private struct Settings: Decodable {
        var sigma: Double, ridge: Double?, patch: Int, lambda: Double, norm: String
    }

    private let folder: RunFolder
    private let test: RecomputedImages

    init() throws {
        folder = try RunFolder()
        try writeSmallSTL10(to: folder.path, train: 60, test: 40, unlabelled: 40)
        test = try RecomputedImages(path: "\(folder.path)/stl10_binary/test_X.bin")
    }

    @Test(arguments: [
        ["--columns", "3"], ["--dense", "--norm", "unit"], ["--learned", "0.25", "--encoder", "rectified"],
        ["--encoder", "smooth"],
    ])
    func allCanBeRecomputed(options: [String]) async throws {
        try await folder.succeed(
            "run", ranks: 2,
            [
                "--dataset", "stl10", "--data", folder.path, "--features", "16", "--patches", "500", "--iterations",
                "5", "--patch", "6",
            ]
                + options)
        let file = try Safetensors(path: "\(folder.path)/run/model.safetensors")
        let settings = try JSONDecoder().decode(Settings.self, from: Data(try #require(file.metadata["settings"]).utf8))
        let model = try readModel(file, settings)

        // the rows have the norm that the settings say, on the patches that the file lists
        let unlabelled = try RecomputedImages(path: "\(folder.path)/stl10_binary/unlabeled_X.bin")
        let places: [Int32] = try file.values("patches")
        try #require(places.count == 3 * 500)
        let patches = (0..<500).map { m in
            let x = model.whiten(
                unlabelled.patch(
                    image: Int(places[3 * m]), row: Int(places[3 * m + 1]), column: Int(places[3 * m + 2]),
                    side: settings.patch))
            let length = (x.reduce(0) { $0 + $1 * $1 } + 1e-8).squareRoot()
            return x.map { $0 / length }
        }
        let outputs = patches.map(model.responses)
        for (unit, row) in model.rows.enumerated() {
            let squared = settings.norm == "unit"
                ? row.reduce(0) { $0 + $1 * $1 } : 108 * outputs.reduce(0) { $0 + $1[unit] * $1[unit] } / 500
            #expect(abs(squared - 1) < 1e-5, "unit \(unit): squared norm \(squared)")
        }

        // Float sums of 108 products, their errors of random sign, then means: some 1e-6; ten times that is allowed
        let epsilon = try #require(Double(file.metadata["epsilon"] ?? ""))
        let objective = model.objective(patches, lambda: settings.lambda, epsilon: epsilon)
        let stored = try #require(try folder.objectives("run").last)
        #expect(abs(objective - stored) <= 1e-5 * objective, "recomputed \(objective), metrics.csv says \(stored)")
        #expect(try folder.result("run").objective == stored)

        try comparePredictions(file, model)
    }

    private func rows(_ file: Safetensors, _ name: String) throws -> [[Double]] {
        let values: [Float] = try file.values(name)
        let width = try #require(file.tensors[name]).shape[1]
        return stride(from: 0, to: values.count, by: width).map { values[$0..<$0 + width].map(Double.init) }
    }

    private func vector(_ file: Safetensors, _ name: String) throws -> [Double] {
        let values: [Float] = try file.values(name)
        return values.map(Double.init)
    }

    private func readModel(_ file: Safetensors, _ settings: Settings) throws -> RecomputedRICA {
        #expect(file.metadata["grid"] == "3,\(settings.patch),\(settings.patch)")
        var model = RecomputedRICA(
            channels: 3, side: settings.patch, mean: try vector(file, "whitening.mean"),
            whitening: try rows(file, "whitening.matrix"),
            contrastOffset: try #require(Double(file.metadata["contrast.offset"] ?? "")))
        let values = try rows(file, "layer.w")
        if file.metadata["dictionary"] == "dense" {
            model.rows = values
            return model
        }
        let bounds: [Int32] = try file.values("layer.columns"), alpha: [Int32] = try file.values("layer.alpha")
        let count = alpha.count / (bounds.count - 1)
        for j in 0..<bounds.count - 1 {
            model.addColumn(
                values: Array(values[Int(bounds[j])..<Int(bounds[j + 1])]),
                alpha: alpha[j * count..<(j + 1) * count].map(Int.init), sigma: settings.sigma,
                ridge: try #require(settings.ridge))
        }
        return model
    }

    /// Responses at every position, encoded and summed over quadrants.
    private func features(
        _ image: Int, _ file: Safetensors, _ model: RecomputedRICA, scale: [Double]
    ) throws -> [Double] {
        let epsilon = try #require(Double(file.metadata["encoder.epsilon"] ?? ""))
        let threshold = try #require(Double(file.metadata["encoder.threshold"] ?? ""))
        let encoder = try #require(file.metadata["encoder"]), units = scale.count
        let width = encoder == "rectified" ? 2 * units : units
        var sums = [Double](repeating: 0, count: 4 * width)
        let positions = test.side - model.side + 1
        for row in 0..<positions {
            for column in 0..<positions {
                let quadrant = (row < positions / 2 ? 0 : 2) + (column < positions / 2 ? 0 : 1)
                let x = model.whiten(test.patch(image: image, row: row, column: column, side: model.side))
                for (unit, response) in model.responses(x).enumerated() {
                    let y = response * scale[unit], place = quadrant * width + unit
                    switch encoder {
                    case "abs": sums[place] += abs(y)
                    case "smooth": sums[place] += (y * y + epsilon).squareRoot()
                    default:
                        sums[place] += max(0, y - threshold)
                        sums[place + units] += max(0, -y - threshold)
                    }
                }
            }
        }
        return sums
    }

    private func comparePredictions(_ file: Safetensors, _ model: RecomputedRICA) throws {
        let table = String(decoding: try folder.file("run/predictions.csv"), as: UTF8.self).split(separator: "\n")
            .dropFirst()
            .map { $0.split(separator: ",").map { Int($0)! } }
        let labels = try folder.file("stl10_binary/test_y.bin").map { Int($0) - 1 }
        try #require(table.count == 10 * test.count && test.count == 40)
        let result = try folder.result("run")
        let accuracies = try #require(result.folds)

        let scale = try vector(file, "encoder.scale")
        let images = try (0..<test.count).map { try features($0, file, model, scale: scale) }
        var undecided = 0
        for fold in 0..<10 {
            let mean = try vector(file, "classifier.\(fold).mean"),
                inverse = try vector(file, "classifier.\(fold).scale")
            let weights = try rows(file, "classifier.\(fold).weights"),
                bias = try vector(file, "classifier.\(fold).bias")
            var right = 0
            for (image, features) in images.enumerated() {
                let line = table[fold * test.count + image]
                #expect(line[0] == fold && line[1] == image && line[2] == labels[image])
                let scores = weights.indices.map { c in
                    bias[c]
                        + features.indices.reduce(0) { $0 + weights[c][$1] * inverse[$1] * (features[$1] - mean[$1]) }
                }
                // Features are sums of responses of relative error about 108·2⁻²⁴ = 6e-6 each: so may be every
                // term of a score.
                let error = weights.indices.map { c in
                    1e-5
                        * features.indices.reduce(0) {
                            $0 + abs(weights[c][$1] * inverse[$1]) * (abs(features[$1]) + abs(mean[$1]))
                        }
                }
                let best = scores.indices.max { scores[$0] < scores[$1] }!
                let decided = scores.indices.allSatisfy {
                    $0 == best || scores[best] - scores[$0] > error[best] + error[$0]
                }
                if decided {
                    #expect(line[3] == best, "fold \(fold), image \(image): scores \(scores)")
                } else {
                    undecided += 1
                }
                if line[3] == line[2] { right += 1 }
            }
            #expect(accuracies[fold] == Double(right) / Double(test.count), "fold \(fold)")
        }
        #expect(undecided <= 4, "\(undecided) of 400 predictions are too close to call")
        let accuracy = try #require(result.accuracy)
        #expect(abs(accuracy - accuracies.reduce(0, +) / 10) < 1e-12)
    }
}
