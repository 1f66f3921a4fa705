import Foundation
import Storage
import TestSupport
import Testing

/// `--init`: training that starts from the weights in a file.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct InitTests {
    private let folder: RunFolder
    private static let mlp = ["--widths", "40,30", "--learning-rate", "1", "--epochs"]
    private static let convnet = [
        "--layers", "conv 8 5 pad 2; pool 3 stride 2; relu; conv 12 4 stride 2 dense; relu; full 30", "--epochs",
    ]

    init() throws { folder = try RunFolder() }

    private func model(_ name: String) throws -> Safetensors {
        try Safetensors(path: "\(folder.path)/\(name)/model.safetensors")
    }

    private func floats(_ name: String) throws -> [String: [Float]] {
        let file = try model(name)
        return try file.tensors.filter { $0.value.type == .F32 }.keys.reduce(into: [:]) { $0[$1] = try file.values($1) }
    }

    private func from(_ name: String) -> [String] { ["--init", "\(folder.path)/\(name)/model.safetensors"] }

    /// A net of the same settings goes on with the same numbers, whether its U is of a kernel, made from data, learned,
    /// or one of several stages; on any number of ranks.
    @Test(arguments: [
        [], ["--dictionary", "se"], ["--dictionary", "emp"], ["--dictionary", "lowrank"], ["--dictionary", "kmeans"],
        ["--basis", "orthonormal"], ["--dense"], ["--dictionary", "randfixu", "--preprocess", "contrast"],
        ["--dictionary", "se", "--unfreeze-after", "1"], ["--dictionary", "lowrank", "--alternate", "1"],
    ])
    func theSameNetIsTheSame(options: [String]) async throws {
        // Two stages, of which one holds U and one learns it; then the same two learn next to nothing.
        let isStaged = options.contains { ["--unfreeze-after", "--alternate"].contains($0) }
        try await folder.succeed("a", job: "mlp", Self.mlp + [isStaged ? "2" : "1"] + options)
        let ranks = options.isEmpty ? [nil, 1, 2, 3, 4] : [nil, 2]
        for count in ranks {
            let name = "b\(count ?? 0)"
            let still = isStaged ? ["2", "--learning-rate", "1e-30", "--weight-decay", "0"] : ["0"]
            try await folder.succeed(name, job: "mlp", ranks: count, Self.mlp + still + options + from("a"))
            let before = try floats("a"), after = try floats(name)
            for (tensor, values) in before {
                #expect(after[tensor] == values, "\(tensor) on \(count ?? 0) ranks")
            }
            #expect(try folder.file("a/predictions.csv") == folder.file("\(name)/predictions.csv"), "\(count ?? 0)")
        }
    }

    /// Training that goes on is not training that begins: its first epoch starts where the other ended.
    @Test(arguments: [1, 2, 3, 4]) func trainingGoesOn(ranks: Int) async throws {
        try await folder.succeed("a", job: "mlp", ranks: ranks, Self.mlp + ["6"])
        try await folder.succeed("b", job: "mlp", ranks: ranks, Self.mlp + ["1"] + from("a"))
        let before = try folder.objectives("a"), after = try folder.objectives("b")
        #expect(after[0] < before[4], "\(before), \(after)")
        // It is a setting, and a part of the model's.
        let settings = try #require(try model("b").metadata["settings"])
        #expect(settings.contains("\"initial\":\"model.safetensors "), "\(settings)")
        let record = String(decoding: try folder.file("b/run.json"), as: UTF8.self)
        #expect(record.contains("\"init\" : \"model.safetensors "), "\(record)")
    }

    /// W of a dense net is predicted as nearly as U can: nearer by more of it, and exactly by all.
    @Test func anotherProportionIsFitted() async throws {
        try await folder.succeed("dense", job: "mlp", Self.mlp + ["3", "--dense"])
        var last = Double.infinity
        for learned in ["0.1", "0.5", "1"] {
            let outcome = try await folder.start(
                learned, job: "mlp", Self.mlp + ["0", "--dictionary", "se", "--learned", learned] + from("dense"))
            let said = outcome.output.firstMatch(of: /hidden1 starts from .*: ([0-9.]+) % of/)
            let part = try #require(said.flatMap { Double($0.1) }, "\(outcome)")
            #expect(outcome.code == 0 && part < last, "\(outcome)")
            last = part
        }
        #expect(last == 0)
        #expect(try folder.file("dense/predictions.csv") == folder.file("1/predictions.csv"))
    }

    /// What `--export-expanded` writes, under its names and under those of PyTorch.
    @Test func denseWeightsOfOthers() async throws {
        let expanded = "\(folder.path)/expanded.safetensors", renamed = "\(folder.path)/renamed.safetensors"
        try await folder.succeed("a", job: "convnet", Self.convnet + ["2", "--export-expanded", expanded])
        let file = try Safetensors(path: expanded)
        var other = Safetensors()
        let shapes = ["conv1": [8, 1, 5, 5], "conv2": [12, 8, 4, 4], "hidden1": nil, "softmax": nil]
        let names = [
            ("conv1", "features.0"), ("conv2", "features.3"), ("hidden1", "classifier.0"), ("softmax", "classifier.2"),
        ]
        for (name, new) in names {
            let weights: [Float] = try file.values("\(name).weight")
            other.set("\(new).weight", weights, shape: shapes[name]! ?? file.tensors["\(name).weight"]!.shape)
            other.set("\(new).bias", try file.values("\(name).bias") as [Float])
        }
        try other.write(to: renamed)
        for (name, path) in [("b", expanded), ("c", renamed)] {
            try await folder.succeed(name, job: "convnet", ranks: 2, Self.convnet + ["0", "--dense", "--init", path])
            #expect(try folder.file("\(name)/predictions.csv") == folder.file("a/predictions.csv"))
        }
        // As they are, and in the wider filters of an open window.
        try await folder.succeed("d", job: "convnet", Self.convnet + ["0"] + from("a"))
        #expect(try folder.file("d/predictions.csv") == folder.file("a/predictions.csv"))
        let outcome = try await folder.start(
            "e", job: "convnet", Self.convnet + ["0", "--window", "open", "--init", expanded])
        let said = "conv1 starts from \(expanded), 5×5 pixels in the middle of a filter, as nearly as"
        #expect(outcome.code == 0 && outcome.output.contains(said), "\(outcome)")
    }

    /// Features go on from where they were, also of more iterations than a run had.
    @Test(arguments: [nil, 1, 2, 3, 4]) func featuresGoOn(ranks: Int?) async throws {
        try writeSmallSTL10(to: folder.path, train: 40, test: 30, unlabelled: 20)
        let options = [
            "--dataset", "stl10", "--data", folder.path, "--patch", "6", "--features", "12", "--patches", "400",
            "--phase", "learn", "--iterations",
        ]
        try await folder.succeed("a", ranks: ranks, options + ["6"])
        try await folder.succeed("b", ranks: ranks, options + ["0"] + from("a"))
        let before = try folder.result("a"), after = try folder.result("b")
        // The rows of ŵ are normalised already: their objective is that of the last iteration, to rounding in Float.
        let difference = abs(try #require(after.objective) - #require(before.objective))
        #expect(difference <= 0x1p-12 * before.objective!, "\(after.objective!), \(before.objective!)")
        let longer = try await folder.start("a", ranks: ranks, options + ["7"])
        let advice = "to go on from its model with --init \(folder.path)/a/model.safetensors"
        #expect(longer.code == 64 && longer.error.contains(advice), "\(longer)")
        try await folder.succeed("c", ranks: ranks, options + ["2", "--learned", "0.9"] + from("a"))
    }

    @Test func whatDoesNotFitIsRefused() async throws {
        try await folder.succeed("a", job: "mlp", Self.mlp + ["0"])
        func refused(
            _ code: Int32, _ said: String, job: String = "mlp", ranks: Int? = nil, _ options: [String]
        ) async throws {
            let outcome = try await folder.start("b", job: job, ranks: ranks, options)
            #expect(outcome.code == code && outcome.error.contains(said), "\(outcome)")
            let lines = outcome.error.split(separator: "\n")
            #expect(lines.count { $0.hasPrefix("\(job): ") || $0.hasPrefix("Error: ") } == 1, "\(outcome)")
        }
        let model = from("a")
        try await refused(65, "weights of hidden1, 20 units", ranks: 2, ["--widths", "20,30", "--epochs", "1"] + model)
        try await refused(
            65, "of 2 layers, hidden1, softmax, found hidden1, hidden2, softmax", ["--widths", "40"] + model)
        try await refused(65, "model.safetensors: expected", job: "rica", ["--iterations", "1"] + model)
        try await refused(
            65, "nothing: expected weights to start from", ranks: 2, Self.mlp + ["1", "--init", "nothing"])
        try await refused(64, "--init: expected a file, found an empty name", Self.mlp + ["1", "--init", ""])
        try await refused(64, "expected no --start, found variance", Self.mlp + ["1", "--start", "variance"] + model)
        try await refused(
            64, "expected no --pretrain-epochs, found 2", Self.mlp + ["1", "--pretrain-epochs", "2"] + model)
        try await refused(64, "--init gives learning its start", job: "rica", ["--phase", "encode"] + model)
        try await refused(
            64, "expected a file outside of the run directory", Self.mlp + ["1", "--init", "\(folder.path)/b/x"])
    }
}
