import Foundation
import Storage
import Testing

/// The job mlp on 1 to 4 ranks: the same numbers whatever the rank count and the exchange, and the bytes of the
/// formula.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct MLPRanksTests {
    private static let options = [
        "--dataset", "sample", "--widths", "40,30", "--learned", "0.2", "--columns", "4", "--dictionary", "se,randfixu",
        "--progress", "none",
    ]
    /// What docs/mpi.md promises: losses differ by at most so much of themselves.
    private static let promised = 1e-5
    private let folder: RunFolder

    init() throws { folder = try RunFolder() }

    private func run(_ name: String, ranks: Int, _ more: [String]) async throws -> [Double] {
        try await folder.succeed(name, job: "mlp", ranks: ranks, Self.options + more)
        return try folder.objectives(name)
    }

    @Test(arguments: [
        ["--epochs", "4"], ["--epochs", "4", "--dense", "--activation", "relu"],
        ["--epochs", "1", "--batch", "7", "--dropout", "0.2"],
        ["--epochs", "3", "--alternate", "1"], ["--epochs", "2", "--unfreeze-after", "1", "--exchange", "dynamic"],
        ["--grow", "0.1:0.4", "--epochs", "3", "--dictionary", "se,emp", "--sigma", "auto"]])
    func theLossDoesNotDependOnRanks(more: [String]) async throws {
        var options = Self.options
        if more.contains("--dense") || more.contains("--grow") {
            options = ["--dataset", "sample", "--widths", "40,30", "--progress", "none"]
        }
        func losses(_ ranks: Int) async throws -> [Double] {
            let name = "\(more.joined(separator: " ")) \(ranks)"
            try await folder.succeed(name, job: "mlp", ranks: ranks, options + more)
            return try folder.objectives(name)
        }
        let alone = try await losses(1)
        try #require(!alone.isEmpty && alone.allSatisfy { $0.isFinite })
        for ranks in 2...4 {
            let found = try await losses(ranks)
            try #require(found.count == alone.count)
            for (epoch, (a, b)) in zip(alone, found).enumerated() {
                #expect(abs(a - b) <= Self.promised * a, "epoch \(epoch + 1) on \(ranks) ranks: \(b), alone \(a)")
            }
        }
    }

    /// In U's turn the U of every column travels, and no w.
    @Test(arguments: ["dynamic", "owned"]) func bytesOfTurns(exchange: String) async throws {
        _ = try await run("run", ranks: 2, ["--epochs", "3", "--alternate", "1", "--exchange", exchange])
        let softmax = 31 * 10, w = 40 * 157 + 30 * 9 + softmax, u = 4 * (784 * 156 + 40 * 8) + softmax
        let result = try folder.result("run"), counted = try folder.metrics("run", "bytes")
        #expect(result.bytesPerStep == 4 * (2 * w + u) / 3)
        // Either exchange of N values between two ranks sends 4·N bytes; 40 steps share the 16 bytes of the epoch's
        // loss.
        #expect(zip(counted, [w, u, w]).allSatisfy { abs($0 - 4 * Double($1) - 16 / 40) <= 0.5 }, "\(counted)")
        #expect(result.learnedParameters == w + u - softmax)
    }

    /// A sum of two Floats has no order: on two ranks both ways of exchange give the same bits.
    @Test func bothExchangesGiveTheSameValues() async throws {
        for exchange in ["dynamic", "owned"] {
            for ranks in [1, 2, 3] {
                _ = try await run("\(exchange) \(ranks)", ranks: ranks, ["--epochs", "2", "--exchange", exchange])
            }
        }
        for ranks in [1, 2] {
            #expect(
                try folder.file("dynamic \(ranks)/model.safetensors") == folder.file("owned \(ranks)/model.safetensors")
            )
        }
        let dynamic = try folder.objectives("dynamic 3"), owned = try folder.objectives("owned 3")
        try #require(dynamic.count == 2 && owned.count == 2)
        for (a, b) in zip(dynamic, owned) { #expect(abs(a - b) <= Self.promised * a) }
    }

    @Test(arguments: [1, 3])
    func theSameSeedAndRanksGiveTheSameBits(ranks: Int) async throws {
        for name in ["a", "b"] {
            _ = try await run(name, ranks: ranks, ["--epochs", "1", "--dictionary", "se,emp", "--pretrain-epochs", "1"])
        }
        #expect(try folder.file("a/model.safetensors") == folder.file("b/model.safetensors"))
        _ = try await run(
            "c", ranks: ranks, ["--epochs", "1", "--dictionary", "se,emp", "--pretrain-epochs", "1", "--seed", "2"])
        let a = try Safetensors(path: "\(folder.path)/a/model.safetensors"),
            c = try Safetensors(path: "\(folder.path)/c/model.safetensors")
        #expect(try a.values("hidden1.w", as: Float.self) != c.values("hidden1.w", as: Float.self))
        #expect(try a.values("hidden1.alpha", as: Int32.self) != c.values("hidden1.alpha", as: Int32.self))
    }

    /// Dictionaries made by all ranks from the data: the same but for the order of sums in Double.
    @Test(arguments: ["emp", "emp2", "pca", "ae", "kmeans"])
    func dictionariesDoNotDependOnRanks(name: String) async throws {
        let more = ["--epochs", "2", "--dictionary", "\(name),\(name)"]
        let alone = try await run("1", ranks: 1, more)
        for ranks in [2, 3] {
            let found = try await run("\(ranks)", ranks: ranks, more)
            try #require(alone.count == 2 && found.count == 2)
            for (epoch, (a, b)) in zip(alone, found).enumerated() {
                #expect(abs(a - b) <= Self.promised * a, "epoch \(epoch + 1) on \(ranks) ranks: \(b), alone \(a)")
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4], ["dynamic", "owned"])
    func bytesAStep(ranks: Int, exchange: String) async throws {
        _ = try await run("run", ranks: ranks, ["--epochs", "1", "--exchange", exchange])
        let result = try folder.result("run")
        // 784 positions of which 156 are learned, 40 of which 8; every unit has a bias; 30 inputs and 10 classes of the
        // softmax layer
        let buckets = [(40, 157), (30, 9), (10, 31)]
        let values = buckets.reduce(0) { $0 + $1.0 * $1.1 }
        #expect(result.bytesPerStep == 4 * values)
        // units are cut at ⌊i·n/P⌋; a rank sends what others own, then its own to all others
        let sent = (0..<ranks).map { r in
            buckets.reduce(0) { $0 + $1.0 * $1.1 + (ranks - 2) * (($1.0 * (r + 1)) / ranks - $1.0 * r / ranks) * $1.1 }
        }
        let expected = exchange == "owned" ? 4 * sent.max()! : 4 * 2 * (ranks - 1) * values / ranks
        #expect(result.wireBytesPerStep == (ranks == 1 ? 0 : expected))
        // What rank 0 really handed to MPI, the mean over the epoch's steps, the 16 bytes of the epoch's loss among it.
        let counted = try folder.metrics("run", "bytes")[0], steps = try folder.metrics("run", "step")[0]
        let own = exchange == "owned" ? 4 * sent[0] : expected, loss = Double(2 * (ranks - 1) * 16 / ranks) / steps
        #expect(abs(counted - (ranks == 1 ? 0 : Double(own) + loss)) <= 0.5)
    }
}
