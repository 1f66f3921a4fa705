import Foundation
import Storage
import TestSupport
import Testing

/// The phases of rica one by one, and models that are used again.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct PhaseTests {
    private let folder: RunFolder
    private let options: [String]

    init() throws {
        folder = try RunFolder()
        try writeSmallSTL10(to: folder.path, train: 40, test: 30, unlabelled: 20)
        options = [
            "--dataset", "stl10", "--data", folder.path, "--patch", "6", "--features", "12", "--patches", "400",
            "--iterations", "3",
        ]
    }

    @Test(arguments: [1, 3])
    func oneByOneTheyGiveWhatAllGives(ranks: Int) async throws {
        try await folder.succeed("all", ranks: ranks, options)
        for phase in ["learn", "encode", "classify"] {
            try await folder.succeed("phases", ranks: ranks, options + ["--phase", phase])
        }
        #expect(try folder.result("all").accuracy == folder.result("phases").accuracy)
        for file in ["predictions.csv", "model.safetensors", "filters.png"] {
            #expect(try folder.file("all/\(file)") == folder.file("phases/\(file)"), "\(file)")
        }
    }

    /// A phase that is done is not done again, and one whose file is gone or whose input changed is.
    @Test func aFinishedPhaseIsNotRepeated() async throws {
        let later = ["--dataset", "stl10", "--data", folder.path, "--phase"]
        func start(_ options: [String], isDone: Bool) async throws {
            let outcome = try await folder.start("run", ranks: 2, options)
            let phase = options.last!, said = "\(folder.path)/run holds the phase \(phase) of this run, finished"
            #expect(outcome.code == 0 && outcome.output.contains(said) == isDone, "\(options): \(outcome)")
        }
        let learn = options + ["--phase", "learn"]
        try await start(learn, isDone: false)
        try await start(learn, isDone: true)
        try await start(later + ["encode"], isDone: false)
        try await start(later + ["encode"], isDone: true)
        try FileManager.default.removeItem(atPath: "\(folder.path)/run/features.safetensors")
        try await start(later + ["encode"], isDone: false)
        try await start(learn, isDone: true)
        try await start(later + ["classify"], isDone: false)
        let predictions = try folder.file("run/predictions.csv")
        var outcome = try await folder.start("run", ranks: 2, later + ["classify"])
        #expect(outcome.code == 0 && outcome.output.contains("finished, test error"), "\(outcome)")
        // A whole run of these settings is there, too.
        outcome = try await folder.start("run", options)
        #expect(outcome.code == 0 && outcome.output.contains("finished, test error"), "\(outcome)")
        // Features made anew are classified anew.
        try await start(["--resume", "never"] + later + ["encode"], isDone: false)
        outcome = try await folder.start("run", ranks: 2, later + ["classify"])
        #expect(outcome.code == 0 && !outcome.output.contains("finished, test error"), "\(outcome)")
        #expect(try folder.file("run/predictions.csv") == predictions)
        // The advice about features that cannot be used leads out.
        try Data("no features".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/run/features.safetensors"))
        outcome = try await folder.start("run", ranks: 2, ["--resume", "never"] + later + ["classify"])
        #expect(outcome.code == 65, "\(outcome)")
        try await start(["--resume", "never"] + later + ["encode"], isDone: false)
        try await start(later + ["classify"], isDone: false)
        #expect(try folder.file("run/predictions.csv") == predictions && folder.result("run").objective != nil)
        // So is a model that is learned anew.
        try await start(["--resume", "never"] + learn, isDone: false)
        try await start(later + ["encode"], isDone: false)
    }

    /// `--validate` scores the whole grid, and what it chose is what learning, the model and the later phases use.
    @Test func validationChoosesTheBestOfItsTable() async throws {
        let search = options + ["--validate", "--lambda", "0.05"]
        try await folder.succeed("all", ranks: 2, Array(search.filter { $0 != "--iterations" && $0 != "3" }))
        let lines = String(decoding: try folder.file("all/validation.csv"), as: UTF8.self).split(separator: "\n")
            .dropFirst()
        let scores = try lines.map { try #require(Double($0.split(separator: ",").last!)) }
        #expect(scores.count == 1 * 4 * 2 * 3)
        let best = lines[lines.startIndex + scores.firstIndex(of: scores.max()!)!].split(separator: ",")
        let chosen = try #require(try folder.result("all").chosen)
        #expect(
            [chosen["lambda"], chosen["iterations"], chosen["encoder"], chosen["C"]] == best.dropLast().map(String.init)
        )

        try await folder.succeed("phases", search + ["--phase", "learn"])
        for phase in ["encode", "classify"] {
            try await folder.succeed("phases", ["--dataset", "stl10", "--data", folder.path, "--phase", phase])
        }
        #expect(try folder.result("phases").accuracy != nil && folder.result("phases").chosen != nil)
    }

    @Test(arguments: [
        ["--features", "13"], ["--patch", "7"], ["--lambda", "0.2"], ["--norm", "unit"], ["--columns", "3"],
        ["--dense"],
        ["--seed", "2"], ["--learned", "0.25"], ["--raw"], ["--basis", "orthonormal"], ["--patches", "401"],
        ["--iterations", "4"],
    ])
    func optionsThatContradictTheModel(option: [String]) async throws {
        try await folder.succeed("run", options + ["--phase", "learn"])
        let outcome = try await folder.start(
            "other",
            [
                "--dataset", "stl10", "--data", folder.path, "--phase", "encode", "--model",
                "\(folder.path)/run/model.safetensors",
            ]
                + option)
        #expect(outcome.code == 64, "\(outcome)")
        #expect(outcome.error.hasPrefix("rica: \(option[0]): the model was learned with "), "\(outcome)")
    }

    @Test func aModelIsUsedFromElsewhere() async throws {
        try await folder.succeed("run", options + ["--phase", "learn"])
        try await folder.succeed(
            "other",
            [
                "--dataset", "stl10", "--data", folder.path, "--phase", "encode", "--model",
                "\(folder.path)/run/model.safetensors",
            ])
        #expect(try !folder.file("other/features.safetensors").isEmpty)
    }

    @Test func featuresOfAnotherModelAreRefused() async throws {
        for (name, seed) in [("a", "1"), ("b", "2")] {
            try await folder.succeed(name, options + ["--seed", seed, "--phase", "learn"])
            try await folder.succeed(name, ["--dataset", "stl10", "--data", folder.path, "--phase", "encode"])
        }
        try folder.file("a/features.safetensors").write(
            to: URL(fileURLWithPath: "\(folder.path)/b/features.safetensors"))
        let outcome = try await folder.start(
            "b", ranks: 2, ["--dataset", "stl10", "--data", folder.path, "--phase", "classify"])
        #expect(outcome.code == 65 && outcome.error.contains("features of this model"), "\(outcome)")
    }

    /// Each change of features.safetensors, one after the other, ends the phase that reads it with 65 and one line that
    /// names the part.
    @Test func damagedFeaturesAreRefused() async throws {
        try await folder.succeed("run", options + ["--phase", "learn"])
        try await folder.succeed("run", ["--dataset", "stl10", "--data", folder.path, "--phase", "encode"])
        let path = "\(folder.path)/run/features.safetensors", good = try Safetensors(path: path)
        func expect(_ found: String, ranks: Int? = nil, _ change: (inout Safetensors) throws -> Void) async throws {
            // The good file stays open while it is replaced.
            var file = good
            try change(&file)
            try file.write(to: path)
            let outcome = try await folder.start(
                "run", ranks: ranks, ["--dataset", "stl10", "--data", folder.path, "--phase", "classify"])
            let lines = outcome.error.split(separator: "\n").filter { $0.hasPrefix("rica: ") }
            #expect(outcome.code == 65 && lines.count == 1, "\(outcome)")
            #expect(lines.first?.contains(path) == true && lines.first?.contains(found) == true, "\(found): \(outcome)")
        }
        for label in [-1, 10, .max, .min] as [Int32] {
            let found = "in train.labels the labels of stl10, from 0 on, found \(label) for 2 at position 12"
            try await expect(found) { file in
                var labels: [Int32] = try file.values("train.labels")
                labels[12] = label
                file.set("train.labels", labels)
            }
        }
        for (value, name) in [(Float.nan, "test.features"), (.infinity, "test.features"), (.nan, "train.features")] {
            try await expect("\(name) of finite numbers, found \(value) at position 1000", ranks: 2) { file in
                var values: [Float] = try file.values(name)
                values[1000] = value
                file.set(name, values, shape: file.tensors[name]!.shape)
            }
        }
        try await expect("features of the job rica") { $0.metadata["format"] = "" }
        try await expect("encoder abs, found none") { $0.metadata["encoder"] = nil }
        try await expect("features of this model") { $0.metadata["model"] = "" }
        try await expect("test.features of stl10 of shape [30, 48] with their labels, found [30, 48] with [31]") {
            $0.set("test.labels", [Int32](repeating: 0, count: 31))
        }
        try await expect("test.features of stl10 of shape [30, 48] with their labels, found [1440] with [30]") {
            $0.set("test.features", [Float](repeating: 0, count: 1440))
        }
        try good.write(to: path)
        try await folder.succeed("run", ["--dataset", "stl10", "--data", folder.path, "--phase", "classify"])
    }

    @Test func anEmptyNameIsNoModel() async throws {
        let outcome = try await folder.start("run", options + ["--phase", "encode", "--model", ""])
        #expect(
            outcome.code == 64 && outcome.error.contains("--model: expected a file, found an empty name"), "\(outcome)")
    }

    @Test(arguments: ["features.safetensors", "model.safetensors"])
    func aPipeInPlaceOfAFile(name: String) async throws {
        try await folder.succeed("run", options + ["--phase", "learn"])
        try? FileManager.default.removeItem(atPath: "\(folder.path)/run/\(name)")
        #expect(mkfifo("\(folder.path)/run/\(name)", 0o600) == 0)
        let outcome = try await folder.start(
            "run", ranks: 2,
            ["--dataset", "stl10", "--data", folder.path, "--phase", "classify", "--stall-after", "20"])
        #expect(outcome.code == 65, "\(outcome)")
        #expect(
            outcome.error.contains("\(folder.path)/run/\(name): expected a file, found something else of that name"),
            "\(outcome)")
    }

    /// What was learned on other images of the set than those at hand cannot be told apart from damage.
    @Test func patchesOfOtherImagesAreRefused() async throws {
        try await folder.succeed("run", options + ["--phase", "learn"])
        try writeSmallSTL10(to: folder.path, train: 40, test: 30, unlabelled: 5)
        let outcome = try await folder.start("run", ["--dataset", "stl10", "--data", folder.path, "--phase", "encode"])
        #expect(outcome.code == 65, "\(outcome)")
        #expect(
            outcome.error.contains(
                "expected patches in the 5 images of 3×96×96 in \(folder.path)/stl10_binary/unlabeled_X.bin"
            ),
            "\(outcome)")
    }

    @Test func aModelOfColourImagesOnGreyOnes() async throws {
        try await folder.succeed("run", options + ["--phase", "learn"])
        let outcome = try await folder.start(
            "other", ["--dataset", "sample", "--phase", "encode", "--model", "\(folder.path)/run/model.safetensors"])
        #expect(outcome.code == 64, "\(outcome)")
        #expect(outcome.error.hasPrefix("rica: --dataset: the model was learned on images of 3 channels"), "\(outcome)")
    }

    @Test func whatAnEarlierPhaseLeavesIsNotThere() async throws {
        var outcome = try await folder.start("run", options + ["--phase", "encode"])
        #expect(outcome.code == 65, "\(outcome)")
        #expect(
            outcome.error.contains("\(folder.path)/run/model.safetensors: expected a model")
                && outcome.error.contains("--phase learn makes one"), "\(outcome)")
        try await folder.succeed("run", options + ["--phase", "learn"])
        outcome = try await folder.start("run", ["--dataset", "stl10", "--data", folder.path, "--phase", "classify"])
        #expect(outcome.code == 65, "\(outcome)")
        #expect(
            outcome.error.contains("\(folder.path)/run/features.safetensors: expected features")
                && outcome.error.contains("encode first with --phase encode"), "\(outcome)")
    }
}
