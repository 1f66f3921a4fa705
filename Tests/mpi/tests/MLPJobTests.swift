import Datasets
import Foundation
import Storage
import TestSupport
import Testing

/// The job mlp: what it leaves, its search, and what it says to wrong input.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct MLPJobTests {
    private static let options = [
        "--dataset", "sample", "--widths", "30,20", "--columns", "3", "--epochs", "1", "--progress", "none",
    ]
    private let folder: RunFolder

    init() throws { folder = try RunFolder() }

    @Test(arguments: [
        (["--dictionary", "se,nope"], "expected names of se, emp, emp2"), (["--learned", "1.5"], "--learned"),
        (["--columns", "31"], "--columns"),
        (["--dictionary", "se,se,se"], "--dictionary"), (["--widths", "30,0"], "--widths"),
        (["--momentum", "1"], "--momentum"),
        (["--validate-every", "10"], "--validate-every"),
        (["--validate", "--validate-every", "0"], "--validate-every"), (["--dropout", "0.99999999"], "--dropout"),
        (["--batch", "1000001"], "--batch"), (["--epochs", "9223372036854775807"], "--epochs"),
        (["--widths", "1000001"], "--widths"),
        (["--pretrain-epochs", "1", "--activation", "relu"], "--pretrain-epochs"),
        (["--start", "variance", "--pretrain-epochs", "1"], "--start variance: expected no --pretrain-epochs"),
        (["--dictionary", "se,ae", "--activation", "tanh"], "ae"),
        (["--dictionary", "randcon", "--sigma", "2"], "--sigma"),
        (["--dictionary", "randcon,pca", "--ridge", "1"], "--ridge"),
        (["--basis", "orthonormal", "--ridge", "1"], "--basis orthonormal has no ridge"),
        (["--basis", "orthonormal", "--raw"], "--raw is --basis raw"), (["--basis", "none"], "--basis"),
        (["--basis", "orthonormal", "--dictionary", "lowrank"], "expected a U that is not learned, found lowrank"),
        (
            ["--basis", "orthonormal", "--dictionary", "se", "--alternate", "1", "--epochs", "2"],
            "expected a U that is not learned with"
        ),
        (["--basis", "ridge", "--dictionary", "dct"], "--ridge, --raw and --basis"),
        (["--dense", "--basis", "raw"], "--dense"),
        (["--dictionary", "dct", "--raw"], "--raw"), (["--dictionary", "dense"], "--columns"),
        (["--dictionary", "lowrank", "--compute", "pooled"], "--compute"),
        (["--dictionary", "dense,se", "--compute", "reduced"], "--compute"),
        (["--sigma", "0"], "--sigma"), (["--sigma", "wide"], "--sigma"),
        (["--unfreeze-after", "1"], "--unfreeze-after: expected at least 0 and fewer"),
        (["--alternate", "1"], "--alternate: expected at least 1 and fewer"), (["--grow", "0.1:0.4"], "--epochs"),
        (["--unfreeze-after", "0", "--compute", "reduced"], "--compute"),
        (["--validate", "--epochs", "0"], "--validate"),
        (["--alternate", "0"], "--alternate"),
        (["--alternate", "1", "--unfreeze-after", "0", "--epochs", "2"], "--unfreeze-after"),
        (["--grow", "0.5:0.1"], "--grow"), (["--grow", "0.1"], "--grow"),
        (["--grow", "0.1:0.2", "--learned", "0.2"], "--grow"),
        (["--grow", "0.1:0.2", "--dictionary", "se,lowrank"], "--grow"),
        (["--grow", "0.1:0.2", "--alternate", "1", "--epochs", "2"], "--grow"),
        (["--dictionary", "dense", "--alternate", "1", "--epochs", "2"], "--alternate"),
        (
            ["--dictionary", "dense,se", "--compute", "reduced", "--unfreeze-after", "1", "--epochs", "2"],
            "found dense,se\n"
        ),
        (["--sigma", "1000", "--ridge", "1e-300"], "sigma 1000.0 and ridge 1e-300"),
    ])
    func wrongOptions(more: [String], said: String) async throws {
        let outcome = try await folder.start("run", job: "mlp", Self.options + more)
        #expect(outcome.code == 64 && outcome.error.contains(said), "\(outcome)")
        #expect(throws: (any Error).self, "nothing is left") { try folder.file("run/run.json") }
    }

    /// It would be the root of the file system.
    @Test func aRunDirectoryWithoutAName() async throws {
        let outcome = try await MPIRun(command: "mlp", arguments: ["--dry-run", "--run-dir", ""]).run()
        #expect(outcome.code == 64 && outcome.error.contains("--run-dir: expected a folder"), "\(outcome)")
    }

    @Test func moreAtomsThanThePoolHolds() async throws {
        let outcome = try await folder.start(
            "run", job: "mlp", ranks: 2, ["--widths", "1500,20", "--dictionary", "se,kmeans", "--learned", "0.8"])
        let lines = outcome.error.split(separator: "\n").filter { $0.hasPrefix("mlp: ") }
        #expect(
            outcome.code == 64 && lines.count == 1 && lines[0].contains("1000") && lines[0].contains("1200"),
            "\(outcome)")
    }

    /// run.json names what is used, and no other options.
    @Test func settingsNameWhatIsUsed() async throws {
        try await folder.succeed(
            "run", job: "mlp", Self.options + ["--dictionary", "randcon,lowrank", "--compute", "reduced"])
        let record = String(decoding: try folder.file("run/run.json"), as: UTF8.self)
        let units = try await folder.start(
            "units", job: "mlp", Self.options + ["--dictionary", "se,se", "--epochs", "0"])
        #expect(units.code == 0 && units.output.contains("hidden2: se is made for inputs on a grid"), "\(units)")
        #expect(!record.contains("\"sigma\"") && !record.contains("\"ridge\"") && record.contains("\"columns\""))
    }

    /// A folder that does not exist is found before training, not after it.
    @Test func expandedWeightsThatCannotBeWritten() async throws {
        let path = "\(folder.path)/none/dense.safetensors"
        let outcome = try await folder.start("run", job: "mlp", ranks: 2, Self.options + ["--export-expanded", path])
        #expect(
            outcome.code == 1 && outcome.error.contains(path) && !outcome.output.contains("training on"), "\(outcome)")
    }

    /// 20 images have no 1000 centres.
    @Test func fewerImagesThanCentres() async throws {
        try writeSmallSTL10(to: folder.path, train: 20, test: 10, unlabelled: 10)
        let outcome = try await folder.start(
            "run", job: "mlp", ranks: 2,
            ["--dataset", "stl10", "--data", folder.path, "--widths", "4", "--columns", "1", "--learned", "0.001",
             "--dictionary", "kmeans"])
        #expect(outcome.code == 65 && outcome.error.contains("expected at least 1000 samples"), "\(outcome)")
    }

    /// The dense net of these widths exchanges 784·30 + 30, 30·20 + 20 and 20·10 + 10 values: 97.5 KB. A learned U
    /// can cost more.
    @Test func onlyWhatIsSavedIsSaid() async throws {
        let predicted = try await folder.start("predicted", job: "mlp", ranks: 2, Self.options)
        #expect(predicted.output.contains("instead of 97.5 KB"), "\(predicted)")
        let learned = try await folder.start(
            "learned", job: "mlp", ranks: 2, Self.options + ["--dictionary", "lowrank", "--learned", "0.9"])
        #expect(learned.code == 0 && !learned.output.contains("saved"), "\(learned)")
    }

    @Test(arguments: [nil, 2], [[], ["--dictionary", "lowrank"]])
    func aLossThatIsNotANumber(ranks: Int?, more: [String]) async throws {
        let outcome = try await folder.start(
            "run", job: "mlp", ranks: ranks, Self.options + ["--learning-rate", "1e30", "--activation", "relu"] + more)
        let lines = outcome.error.split(separator: "\n").filter { $0.hasPrefix("mlp: ") }
        #expect(outcome.code == 1 && lines.count == 1 && lines[0].contains("at step"), "\(outcome)")
    }

    @Test func validationWithoutAFiniteLoss() async throws {
        let outcome = try await folder.start(
            "run", job: "mlp", Self.options + ["--validate", "--weight-decay", "1e38", "--max-norm", "0"])
        #expect(outcome.code == 1 && outcome.error.contains("give a --learning-rate below 0.05"), "\(outcome)")
    }

    @Test func validationChoosesAListedRate() async throws {
        try await folder.succeed(
            "run", job: "mlp", ranks: 2, Self.options + ["--validate", "--dictionary", "se,randcon"])
        let lines = String(decoding: try folder.file("run/validation.csv"), as: UTF8.self).split(separator: "\n")
        #expect(lines[0] == "learning-rate,epoch,error,steps,seconds,bytes")
        let scores = lines.dropFirst().map { $0.split(separator: ",").map { Double($0)! } }
        #expect(scores.map { $0[0] } == [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10] && scores.allSatisfy { $0[1] == 1 })
        // Five sixths of 4000 images by hundreds.
        let result = try folder.result("run")
        #expect(scores.allSatisfy { $0[3] == 34 && $0[5] == 34 * Double(result.bytesPerStep) })
        let best = try #require(scores.min { $0[2] < $1[2] })
        #expect(result.chosen == ["learning-rate": "\(best[0])"])
        // What was learned is what a run with that rate learns.
        try await folder.succeed(
            "given", job: "mlp", ranks: 2,
            Self.options + ["--learning-rate", "\(best[0])", "--dictionary", "se,randcon"])
        #expect(try folder.file("run/model.safetensors") == folder.file("given/model.safetensors"))
    }

    @Test(arguments: [["--exchange", "owned"], ["--average-every", "4"]])
    func aCurveInSteps(exchange: [String]) async throws {
        let more = [
            "--dictionary", "se,randcon", "--learning-rate", "0.1", "--epochs", "2", "--validate", "--validate-every",
            "10",
        ]
        try await folder.succeed("run", job: "mlp", ranks: 2, Self.options + more + exchange)
        let lines = String(decoding: try folder.file("run/validation.csv"), as: UTF8.self).split(separator: "\n")
            .dropFirst()
        let rows = lines.map { $0.split(separator: ",").map { Double($0)! } }
        // 34 steps an epoch; values are equal after 4, 8 … 32, at the end of the epoch, and so on.
        let steps: [Double] =
            exchange[0] == "--exchange" ? [10, 20, 30, 34, 40, 50, 60, 68] : [12, 20, 32, 34, 42, 50, 62, 68]
        #expect(rows.map { $0[3] } == steps)
        #expect(rows.map { $0[1] } == [1, 1, 1, 1, 2, 2, 2, 2] && rows.allSatisfy { $0[0] == 0.1 && $0[2] < 1 })
        #expect(zip(rows, rows.dropFirst()).allSatisfy { $0[4] < $1[4] && $0[5] < $1[5] })
    }

    /// The bytes of every rate are those that its stages have exchanged.
    @Test func validationOfStages() async throws {
        let options = [
            "--dataset", "sample", "--widths", "30,20", "--columns", "3", "--learned", "0.1", "--dictionary",
            "se,randcon",
        ]
        try await folder.succeed(
            "run", job: "mlp", ranks: 2,
            options + ["--progress", "none", "--epochs", "2", "--alternate", "1", "--validate"])
        let lines = String(decoding: try folder.file("run/validation.csv"), as: UTF8.self).split(separator: "\n")
            .dropFirst()
        let w = 79 * 30 + 4 * 20 + 21 * 10, u = 3 * (784 * 78 + 30 * 3) + 21 * 10
        for line in lines where !line.hasSuffix(",,1,,,") {
            let fields = line.split(separator: ",").map { Double($0)! }
            #expect(fields[5] == Double(34 * 4 * (fields[1] == 1 ? w : w + u)), "\(line)")
        }
        #expect(lines.count { $0.contains(",2,") } >= 6)
    }

    /// With decay λ and no bound on norms w grows where ηλ > 2: from 0.2 on for λ = 20, at every rate for 1000.
    @Test func aRateThatDivergesIsNotChosen() async throws {
        let options =
            [
                "--dataset", "sample", "--widths", "30,20", "--columns", "3", "--progress", "none", "--epochs", "4",
                "--validate",
            ]
            + ["--max-norm", "0", "--momentum", "0", "--schedule", "paper"]
        try await folder.succeed("some", job: "mlp", ranks: 2, options + ["--weight-decay", "20"])
        let lines = String(decoding: try folder.file("some/validation.csv"), as: UTF8.self).split(separator: "\n")
        #expect(
            lines.contains("0.5,,1,,,") && lines.last == "10.0,,1,,," && lines[4].hasPrefix("0.05,4,0."), "\(lines)")
        let none = try await folder.start("none", job: "mlp", ranks: 2, options + ["--weight-decay", "1000"])
        #expect(none.code == 1 && none.error.contains("mlp: --validate"), "\(none)")
    }
}
