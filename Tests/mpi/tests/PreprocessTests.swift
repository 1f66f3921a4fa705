import Datasets
import Foundation
import LinearAlgebra
import Storage
import TestSupport
import Testing

/// `--preprocess`: another program computes what the network sees, in Double from the images alone.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct PreprocessTests {
    private let folder: RunFolder
    private let data: Dataset
    /// Nothing is learned at this rate, so that the model of the file is that of every step.
    private static let options = [
        "--dataset", "sample", "--progress", "none", "--layers", "full 5 dense; tanh", "--epochs", "1", "--start",
        "uniform", "--learning-rate", "1e-30", "--weight-decay", "0", "--reduction", "fixed",
    ]

    init() throws {
        folder = try RunFolder()
        data = try Dataset.open("sample")
    }

    /// The images of a part, with their contrast normalised.
    private func images(_ images: ImageSet) throws -> [[Double]] {
        let size = images.shape.count
        var bytes = [UInt8](repeating: 0, count: images.count * size)
        try bytes.withUnsafeMutableBufferPointer { try images.read(0..<images.count, into: $0) }
        return (0..<images.count).map { image in
            let x = bytes[image * size..<(image + 1) * size].map { Double($0) }
            let mean = x.reduce(0, +) / Double(size), centred = x.map { $0 - mean }
            let length = centred.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return centred.map { 55 * (Double(size) / 3072).squareRoot() * $0 / length }
        }
    }

    private func dot(_ a: some Collection<Double>, _ b: some Collection<Double>) -> Double {
        zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }

    private func values(_ file: Safetensors, _ name: String) throws -> [Double] {
        let values: [Float] = try file.values(name)
        return values.map { Double($0) }
    }

    /// The outputs of the softmax layer for images with their contrast normalised, by the model of a file.
    private func scores(_ file: Safetensors, size: Int) throws -> ([Double]) -> [Double] {
        let w = try values(file, "hidden1.w"), v = try values(file, "softmax.w"), top = try values(file, "softmax.bias")
        var rows = (0..<5).map { Array(w[$0 * size..<($0 + 1) * size]) }, offsets = try values(file, "hidden1.bias")
        if file.tensors["whitening.mean"] != nil {
            let mean = try values(file, "whitening.mean"), z = try values(file, "whitening.matrix")
            // Z is symmetric, so W·Z(x − μ) = (Z·W)(x − μ): few products for all images.
            rows = rows.map { row in (0..<size).map { dot(z[$0 * size..<($0 + 1) * size], row) } }
            offsets = zip(rows, offsets).map { $1 - dot($0, mean) }
        }
        return { [self] x in
            let hidden = zip(rows, offsets).map { tanh(dot($0, x) + $1) }
            return (0..<10).map { dot(v[5 * $0..<5 * ($0 + 1)], hidden) + top[$0] }
        }
    }

    /// The mean loss on some training images.
    private func loss(_ scores: ([Double]) -> [Double], _ train: [[Double]], _ numbers: [Int]) throws -> Double {
        let labels = try data.train.labels.labels(0..<train.count)
        let sum = numbers.reduce(0.0) { sum, number in
            let all = scores(train[number])
            return sum + log(all.reduce(0) { $0 + exp($1) }) - all[Int(labels[number])]
        }
        return sum / Double(numbers.count)
    }

    @Test(arguments: ["contrast", "whiten"])
    func theNetworkSeesThem(_ name: String) async throws {
        try await folder.succeed("run", job: "convnet", ranks: 3, Self.options + ["--preprocess", name])
        let file = try Safetensors(path: "\(folder.path)/run/model.safetensors")
        #expect(file.metadata["input"]?.hasPrefix("global contrast normalisation") == true)
        let train = try images(data.train.images), size = train[0].count
        if name == "whiten" {
            let mean = try values(file, "whitening.mean"), z = try values(file, "whitening.matrix")
            for i in [0, size - 1] {
                #expect(abs(train.reduce(0) { $0 + $1[i] } / Double(train.count) - mean[i]) < 1e-5)
            }
            // Z(C + 0.1)Z = 1, column by column. Z, rounded to Float, is in it twice: 2·2⁻²⁴ of the norm of
            // a row of Z, 1/√0.1 at most, times that of (C + 0.1)Z, the root of C's largest eigenvalue, 130: 4.3e-6.
            // C's sums of Float, whose errors have random sign, may make as much again.
            for i in [0, 300, 783] {
                let column = Array(z[i * size..<(i + 1) * size])
                var product = column.map { 0.1 * $0 }
                for image in train {
                    let centred = zip(image, mean).map { $0 - $1 }
                    let part = dot(centred, column) / Double(train.count - 1)
                    for j in 0..<size { product[j] += part * centred[j] }
                }
                for j in 0..<size {
                    let value = dot(z[j * size..<(j + 1) * size], product)
                    #expect(abs(value - (i == j ? 1 : 0)) < 8.6e-6)
                }
            }
        }
        let scores = try scores(file, size: size)
        let objective = try #require(folder.objectives("run").last)
        #expect(try abs(loss(scores, train, Array(train.indices)) - objective) < 1e-5)
        let predicted = String(decoding: try folder.file("run/predictions.csv"), as: UTF8.self).split(separator: "\n")
            .dropFirst().map { Int($0.split(separator: ",")[3])! }
        let test = try images(data.test.images)
        try #require(predicted.count == test.count)
        for (image, predicted) in zip(test, predicted) {
            let all = scores(image)
            #expect(all[predicted] > all.max()! - 1e-5)
        }
    }

    /// Who whitens an image does not change a bit, nor what the covariance is summed by.
    @Test func theSameBitsOnAnyRankCount() async throws {
        let options = Self.options + ["--preprocess", "whiten"]
        try await folder.succeed("alone", job: "convnet", options)
        for ranks in [2, 4] {
            try await folder.succeed("\(ranks)", job: "convnet", ranks: ranks, options)
            for name in ["model.safetensors", "predictions.csv"] {
                #expect(try folder.file("\(ranks)/\(name)") == folder.file("alone/\(name)"))
            }
        }
        let rounded = Self.options.dropLast(2) + ["--preprocess", "whiten"]
        try await folder.succeed("rounded", job: "convnet", ranks: 3, Array(rounded))
        let (a, b) = (try folder.objectives("alone"), try folder.objectives("rounded"))
        #expect(a.count == 1 && b.count == 1 && abs(a[0] - b[0]) <= 1e-5 * a[0])
    }

    /// The first layer of a perceptron pools whitened images, and a search takes them, too.
    @Test func perceptronsTakeThem() async throws {
        let outcome = try await folder.start(
            "run", job: "mlp", ranks: 2,
            [
                "--dataset", "sample", "--progress", "none", "--preprocess", "whiten", "--learned", "0.05", "--columns",
                "1", "--activation", "relu", "--epochs", "3", "--compute", "reduced", "--validate",
            ])
        #expect(outcome.code == 0 && outcome.output.contains("hidden1 reduced of"), "\(outcome)")
        #expect(try #require(folder.result("run").accuracy) > 0.6)
    }

    @Test(arguments: [[], ["--training-images", "100"]]) func memoryIsThatOfTheBanner(more: [String]) async throws {
        let ratio = try await folder.peakOverBanner(job: "convnet", Self.options + ["--preprocess", "whiten"] + more)
        #expect(ratio <= 1.3 && ratio >= 0.5, "\(ratio)")
    }

    /// The images that are used are drawn by the seed, and no other is seen: neither in training nor by the whitening.
    @Test func someTrainingImages() async throws {
        let options = Self.options + ["--preprocess", "whiten", "--training-images", "500"]
        let outcome = try await folder.start(
            "run", job: "convnet", ranks: 3, options.map { $0 == "none" ? "line" : $0 })
        #expect(outcome.code == 0 && outcome.output.contains("training on 500 images"), "\(outcome)")
        // Nothing else of the model depends on the images.
        func whitening(_ run: String) throws -> [Double] {
            try values(try Safetensors(path: "\(folder.path)/\(run)/model.safetensors"), "whitening.mean")
        }
        try await folder.succeed("seed 2", job: "convnet", options + ["--seed", "2"])
        try await folder.succeed("all", job: "convnet", Array(options.dropLast(2)))
        let means = try ["run", "seed 2", "all"].map(whitening), train = try images(data.train.images)
        #expect(Set(means).count == 3)
        // A mean of 500 images, no others: drawn as RandomStream draws a sample.
        let used = RandomStream(seed: 1, purpose: .subset).sample(500, below: train.count)
        for i in [0, 400, 783] { #expect(abs(used.reduce(0) { $0 + train[$1][i] } / 500 - means[0][i]) < 1e-5) }
        let model = try scores(try Safetensors(path: "\(folder.path)/run/model.safetensors"), size: train[0].count)
        let objective = try #require(folder.objectives("run").last)
        #expect(try abs(loss(model, train, used) - objective) < 1e-5)
        try await folder.succeed(
            "learned", job: "mlp",
            ["--dataset", "sample", "--progress", "none", "--training-images", "1000", "--epochs", "10", "--validate"])
        #expect(try #require(folder.result("learned").accuracy) > 0.5)
        let few = try await folder.start(
            "few", job: "mlp", ["--dataset", "sample", "--training-images", "5", "--validate"])
        #expect(few.code == 64 && few.error.contains("expected at least 6 with --validate"), "\(few)")
        let many = try await folder.start("many", job: "convnet", Self.options + ["--training-images", "4001"])
        let said = "--training-images: expected at most the 4000 of sample, found 4001"
        #expect(many.code == 64 && many.error.contains(said), "\(many)")
    }

    @Test func imagesThatAreTooLarge() async throws {
        try writeSmallSTL10(to: folder.path, train: 20, test: 10, unlabelled: 10)
        let outcome = try await folder.start(
            "run", job: "convnet",
            [
                "--dataset", "stl10", "--data", folder.path, "--preprocess", "whiten", "--layers", "conv 2 3; pool 9",
            ])
        let said = "--preprocess whiten: expected at most 4096 values an image, found 27648"
        #expect(outcome.code == 64 && outcome.error.contains(said), "\(outcome)")
    }
}
