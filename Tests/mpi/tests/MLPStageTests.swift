import Datasets
import Foundation
import Storage
import TestSupport
import Testing

/// The job mlp in stages: what is held, what is learned, and what is handed on.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct MLPStageTests {
    private static let options = [
        "--dataset", "sample", "--widths", "30,20", "--columns", "3", "--epochs", "1", "--progress", "none",
    ]
    private let folder: RunFolder

    init() throws { folder = try RunFolder() }

    /// U has no decay: where w is gone after 40 steps of ηλ = 0.2, the drawn numbers are still there. And it is not
    /// pre-trained.
    @Test func aLearnedDictionaryHasNeitherDecayNorPretraining() async throws {
        let options = [
            "--dataset", "sample", "--widths", "30,20", "--columns", "3", "--progress", "none", "--dictionary",
            "lowrank",
        ]
        let decay = [
            "--epochs", "1", "--momentum", "0", "--schedule", "paper", "--learning-rate", "1e-5", "--weight-decay",
            "2e4",
        ]
        try await folder.succeed("decay", job: "mlp", options + decay)
        try await folder.succeed("start", job: "mlp", options + ["--epochs", "0"])
        try await folder.succeed("pretrained", job: "mlp", options + ["--epochs", "0", "--pretrain-epochs", "1"])
        func values(_ run: String, _ name: String) throws -> [Float] {
            try Safetensors(path: "\(folder.path)/\(run)/model.safetensors").values(name, as: Float.self)
        }
        let start = try values("start", "hidden1.U.0")
        #expect(
            zip(try values("decay", "hidden1.U.0"), start).allSatisfy { abs($0 - $1) < 1e-3 }
                && start.contains { abs($0) > 0.05 })
        #expect(try values("decay", "hidden1.w").allSatisfy { abs($0) < 1e-3 })
        #expect(try values("pretrained", "hidden1.w") == values("start", "hidden1.w"))
        #expect(try values("pretrained", "hidden1.U.0") == start)
    }

    /// In U's turn w is held: after it w is what it was before, and U is not.
    @Test func turnsHoldWhatTheyDoNotLearn() async throws {
        let options = [
            "--dataset", "sample", "--widths", "30,20", "--columns", "3", "--progress", "none", "--schedule", "paper",
        ]
        try await folder.succeed("w", job: "mlp", ranks: 2, options + ["--epochs", "1"])
        try await folder.succeed("u", job: "mlp", ranks: 2, options + ["--epochs", "2", "--alternate", "1"])
        let before = try Safetensors(path: "\(folder.path)/w/model.safetensors"),
            after = try Safetensors(path: "\(folder.path)/u/model.safetensors")
        func isHeld(
            _ name: String
        ) throws -> Bool {
            try before.values(name, as: Float.self) == after.values(name, as: Float.self)
        }
        for layer in ["hidden1", "hidden2"] {
            #expect(try isHeld("\(layer).w") && isHeld("\(layer).bias") && !isHeld("\(layer).U.0"))
        }
        #expect(try !isHeld("softmax.w"))
    }

    /// XU is made anew where U has been learned, or has grown: the reduced path has the losses of the expanded one.
    @Test(arguments: [["--alternate", "1"], ["--grow", "0.05:0.2"]])
    func everyPathInStages(more: [String]) async throws {
        let options =
            ["--dataset", "sample", "--widths", "30,20", "--columns", "3", "--progress", "none", "--epochs", "3"] + more
        for path in ["reduced", "expanded"] {
            try await folder.succeed(path, job: "mlp", ranks: 2, options + ["--compute", path])
        }
        let reduced = try folder.objectives("reduced"), expanded = try folder.objectives("expanded")
        try #require(reduced.count == 3 && expanded.count == 3)
        // A sum of 784 terms rounds by some √784·2⁻²⁴ = 2e-6 of itself (Higham & Mary 2019), another way on
        // each path. 120 steps at this rate move the loss by less than a hundredth, which is as much of it as differs
        // by 2e-6: 2e-8. 1e-7 leaves room for what steps add up.
        for (a, b) in zip(reduced, expanded) { #expect(abs(a - b) <= 1e-7 * b, "\(reduced), \(expanded)") }
    }

    /// With all images in a batch the loss of an epoch is that before its one step: the first after growing is what it
    /// would be without.
    @Test func growingKeepsTheLoss() async throws {
        let options = [
            "--dataset", "sample", "--widths", "30,20", "--columns", "3", "--progress", "none", "--dictionary",
            "se,emp", "--activation", "relu",
            "--batch", "4000", "--schedule", "paper", "--learning-rate", "0.5", "--compute", "expanded",
        ]
        try await folder.succeed("grown", job: "mlp", options + ["--epochs", "20", "--grow", "0.05:0.1"])
        try await folder.succeed("held", job: "mlp", options + ["--epochs", "11", "--learned", "0.05"])
        let grown = try folder.objectives("grown"), held = try folder.objectives("held")
        try #require(grown.count == 20 && held.count == 11)
        #expect(Array(grown[..<10]) == Array(held[..<10]) && held[10] < 0.95 * held[0], "\(held)")
        // The fit keeps W to about 1e-5 of itself, and with it logits around 1.
        #expect(abs(grown[10] - held[10]) <= 1e-4 * held[10], "\(grown), \(held)")
    }

    /// Where the image can be blurred first, XU of one epoch is cheap enough for the reduced path: 40 columns by way of
    /// 28 + 28 products a pixel. The condition of a wide kernel's K forbids that.
    @Test(arguments: [("1", "reduced"), ("20", "expanded")]) func poolingIsEstimatedAsItIsDone(
        sigma: String, path: String
    ) async throws {
        let outcome = try await folder.start(
            "run", job: "mlp",
            ["--dataset", "sample", "--columns", "40", "--epochs", "1", "--sigma", sigma, "--dry-run"])
        #expect(outcome.code == 0 && outcome.output.contains("hidden1 \(path) of"), "\(outcome)")
    }

    /// A run that grows ends with as much learned as it says.
    @Test func growing() async throws {
        let options = [
            "--dataset", "sample", "--widths", "30,20", "--columns", "3", "--progress", "none", "--dictionary",
            "se,emp",
        ]
        try await folder.succeed(
            "run", job: "mlp", ranks: 2, options + ["--epochs", "4", "--grow", "0.1:0.4", "--learning-rate", "0.5"])
        let result = try folder.result("run"), bytes = try folder.metrics("run", "bytes"),
            loss = try folder.objectives("run")
        #expect(result.dynamicParameters == 313 * 30 + 12 * 20)
        #expect(loss.count == 4 && zip(loss, loss.dropFirst()).allSatisfy { $0 > $1 }, "\(loss)")
        // Three stages of 1, 1 and 2 epochs: the mean of their bytes.
        func values(_ learned: Double) -> Int { (Int(784 * learned) + 1) * 30 + (Int(30 * learned) + 1) * 20 + 21 * 10 }
        #expect(result.bytesPerStep == 4 * (values(0.1) + values(0.2) + 2 * values(0.4)) / 4)
        // Two ranks send 4 bytes a value and step, and share 16 of the epoch's loss among 40 steps. A larger net is
        // broadcast once, half of it a rank: its values and the three U of emp, 30 positions each, and not those of se,
        // which every rank makes itself.
        func handed(_ learned: Double) -> Int { 2 * (values(learned) + 3 * 30 * Int(30 * learned)) }
        let expected = [(0.1, 0), (0.2, handed(0.2)), (0.4, handed(0.4)), (0.4, 0)].map {
            4 * Double(values($0)) + (16 + Double($1)) / 40
        }
        #expect(bytes.count == 4 && zip(bytes, expected).allSatisfy { abs($0 - $1) <= 0.5 }, "\(bytes), \(expected)")
    }
}
