import Foundation
import TestSupport
import Testing

/// `--reduction fixed`: the same bytes of the model at every rank count that eight shards allow.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct FixedReductionTests {
    private static let mlp = [
        "--dataset", "sample", "--widths", "40,30", "--learned", "0.2", "--columns", "4", "--progress", "none",
    ]
    private static let rica = [
        "--patches", "1003", "--features", "42", "--columns", "4", "--iterations", "20", "--progress", "none",
    ]
    private let folder: RunFolder

    init() throws { folder = try RunFolder() }

    private func model(_ job: String, ranks: Int, _ options: [String], _ name: String = "fixed") async throws -> Data {
        try await folder.succeed("\(name) \(ranks)", job: job, ranks: ranks, options)
        return try folder.file("\(name) \(ranks)/model.safetensors")
    }

    private func expectTheSame(_ job: String, _ options: [String], _ counts: [Int]) async throws {
        let options = options + ["--reduction", "fixed"], alone = try await model(job, ranks: 1, options)
        #expect(alone.count > 1000)
        let objectives = try folder.objectives("fixed 1")
        #expect(!objectives.isEmpty && objectives.allSatisfy(\.isFinite))
        for ranks in counts {
            #expect(try await model(job, ranks: ranks, options) == alone, "\(ranks) ranks, \(options)")
            #expect(try folder.objectives("fixed \(ranks)") == objectives, "\(ranks) ranks, \(options)")
        }
    }

    /// Sums of ranks that hold subtrees as they are, that straddle some, and of one shard each.
    @Test(arguments: 5...8) func sumsOnMoreRanks(ranks: Int) async throws {
        let outcome = try await MPIRun(ranks: ranks, command: "mpi-checks", arguments: ["ordered-sum"]).run()
        #expect(outcome.code == 0 && !outcome.timedOut, "\(outcome)")
    }

    /// Pre-training, a covariance, dropout, a bound on the norm, and a batch that shards do not divide.
    @Test func aPretrainedNet() async throws {
        try await expectTheSame(
            "mlp",
            Self.mlp + [
                "--dictionary", "se,emp", "--pretrain-epochs", "1", "--epochs", "2", "--batch", "97", "--dropout",
                "0.2", "--max-norm", "0.8",
            ],
            [2, 3, 4, 8])
    }

    @Test(arguments: [
        ["--dictionary", "se,randfixu", "--compute", "reduced", "--activation", "relu", "--exchange", "dynamic"],
        ["--dictionary", "kmeans,pca", "--compute", "pooled"],
        ["--dictionary", "ae,emp2", "--batch", "250", "--epochs", "1"], ["--start", "variance", "--max-norm", "0"],
        ["--basis", "orthonormal"],
        ["--dictionary", "se,lowrank", "--alternate", "1", "--exchange", "full"],
    ])
    func otherNets(more: [String]) async throws {
        try await expectTheSame("mlp", Self.mlp + (more.contains("--epochs") ? [] : ["--epochs", "2"]) + more, [5])
    }

    /// Some shards of a batch have no samples.
    @Test func aBatchOfFewerThanShards() async throws {
        try await expectTheSame("mlp", Self.mlp + ["--dictionary", "randcon", "--epochs", "1", "--batch", "5"], [3])
    }

    @Test func aDenseNet() async throws {
        try await expectTheSame(
            "mlp", ["--dataset", "sample", "--widths", "40,30", "--dense", "--epochs", "1", "--progress", "none"], [8])
    }

    /// Owners add the same parts in the same order as everybody does who adds all.
    @Test func ownedAndDynamicGiveTheSameBits() async throws {
        let options = Self.mlp + ["--epochs", "1", "--reduction", "fixed"]
        let owned = try await model("mlp", ranks: 3, options, "owned")
        #expect(try await model("mlp", ranks: 3, options + ["--exchange", "dynamic"], "dynamic") == owned)
    }

    @Test(arguments: [
        ["--norm", "variance"], ["--norm", "unit", "--compute", "reduced"], ["--compute", "pooled"],
        ["--compute", "expanded"],
    ])
    func features(more: [String]) async throws {
        try await expectTheSame(
            "rica", Self.rica + ["--phase", "learn"] + more, more == ["--norm", "variance"] ? [2, 3, 4, 8] : [5])
    }

    /// Colour patches, and a classifier for each fold, in one run and phase by phase.
    @Test func classifiers() async throws {
        try writeSmallSTL10(to: folder.path, train: 60, test: 20, unlabelled: 30)
        let options = [
            "--dataset", "stl10", "--data", folder.path, "--patches", "500", "--features", "11", "--iterations", "3",
            "--progress", "none",
        ]
        try await expectTheSame("rica", options, [3, 7])
        let alone = try folder.file("fixed 1/model.safetensors")
        for phase in ["learn", "encode", "classify"] {
            try await folder.succeed("phases", ranks: 3, options + ["--reduction", "fixed", "--phase", phase])
        }
        #expect(try folder.file("phases/model.safetensors") == alone)
    }

    /// What the option is for: without it the same settings have other last bits on other ranks, and it changes them.
    @Test(arguments: ["mlp", "rica"]) func fastIsAnotherOrder(job: String) async throws {
        let options = job == "mlp" ? Self.mlp + ["--epochs", "2"] : Self.rica + ["--phase", "learn"]
        let alone = try await model(job, ranks: 1, options, "fast")
        #expect(try await model(job, ranks: 3, options, "fast") != alone)
        #expect(try await model(job, ranks: 1, options + ["--reduction", "fixed"]) != alone)
        // They are settings of two runs, which one folder does not hold.
        let outcome = try await folder.start("fast 1", job: job, ranks: 1, options + ["--reduction", "fixed"])
        #expect(
            outcome.code == 64 && outcome.error.contains("a run with reduction none, this one has fixed"), "\(outcome)")
    }

    @Test(arguments: ["mlp", "rica"]) func moreRanksThanShards(job: String) async throws {
        let outcome = try await folder.start("run", job: job, ranks: 9, ["--reduction", "fixed", "--progress", "none"])
        #expect(outcome.code == 64, "\(outcome)")
        let lines = outcome.error.split(separator: "\n").filter {
            $0.contains("--reduction fixed: expected 1 to 8 ranks")
        }
        #expect(lines.count == 1 && lines[0].contains("found 9"), "\(outcome)")
    }

    @Test(arguments: [
        ["--exchange", "lowrank"], ["--wire", "bfloat16"], ["--average-every", "2"],
        ["--allreduce", "ring", "--exchange", "dynamic"],
    ])
    func exchangesWithoutAnOrder(options: [String]) async throws {
        let outcome = try await folder.start("run", job: "mlp", ["--reduction", "fixed"] + options)
        #expect(
            outcome.code == 64
                && outcome.error.contains(
                    "--reduction fixed: expected \(options[0] == "--allreduce" ? "no " : "")\(options[0])"),
            "\(outcome)")
    }
}
