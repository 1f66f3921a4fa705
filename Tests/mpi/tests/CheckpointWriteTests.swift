import Foundation
import Testing

/// Checkpoints whose way to the disk ends early: by a kill, or a disk that is full.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct CheckpointWriteTests {
    private static let options = [
        "--dataset", "sample", "--widths", "40,30", "--learned", "0.2", "--columns", "4", "--progress", "none",
    ]
    private let folder: RunFolder

    init() throws { folder = try RunFolder() }

    private func model(_ name: String) throws -> Data { try folder.file("\(name)/model.safetensors") }

    /// Kills at the calls on the way of the first checkpoints to the disk, one after another.
    @Test(arguments: Array(stride(from: 1, through: 71, by: 7)))
    func aKillInAWriteLosesNothing(call: Int) async throws {
        let options = Self.options + ["--epochs", "12"]
        try await folder.succeed("whole", job: "mlp", options)
        let killed = try await fail("kill:\(call)", ranks: nil, options)
        // On a busy machine a run may make fewer calls than the later ones.
        #expect(killed.code == 128 + SIGKILL || call > 40 && killed.code == 0, "\(killed)")
        try await folder.succeed("run", job: "mlp", options)
        #expect(try model("run") == model("whole"))
    }

    /// A disk that is full at one of these calls: the run says so and goes on.
    @Test(arguments: Array(stride(from: 1, through: 61, by: 12)), [nil, 2])
    func aFullDiskIsSaidAndTheRunGoesOn(call: Int, ranks: Int?) async throws {
        let options = Self.options + ["--epochs", "4"]
        try await folder.succeed("whole", job: "mlp", ranks: ranks, options)
        let outcome = try await fail("full:\(call)", ranks: ranks, options)
        #expect(outcome.code == 0, "\(outcome)")
        let isSaid = outcome.error.contains("No space left on device: no checkpoint was written")
        // A folder that cannot be flushed is no failure, and a run may make fewer calls than the later ones.
        #expect(isSaid || call > 1 && !outcome.error.contains("checkpoint"), "\(outcome)")
        #expect(try model("run") == model("whole"))
    }

    /// A checkpoint that would take the room of the files that the run leaves at the end is not written: it takes 0.13
    /// MB, the model 2 MB.
    @Test(arguments: [nil, 2]) func aCheckpointLeavesRoomForTheRun(ranks: Int?) async throws {
        let options = Self.options + ["--epochs", "4"]
        try await folder.succeed("whole", job: "mlp", ranks: ranks, options)
        let outcome = try await fail("room:1:1500000", ranks: ranks, rank: 0, options)
        #expect(outcome.code == 0, "\(outcome)")
        #expect(
            outcome.error.contains("of free space for a checkpoint and the files of this run, found 1 MB: no "),
            "\(outcome)")
        #expect(try model("run") == model("whole"))
    }

    /// - Parameter rank: on which it fails, nil: the last.
    private func fail(
        _ what: String, ranks: Int?, rank: Int? = nil, _ options: [String]
    ) async throws -> MPIRun.Outcome {
        let products = MPIRun.products
        return try await MPIRun(
            ranks: ranks, command: "/usr/bin/env",
            arguments: [
                "LD_PRELOAD=\(products.appendingPathComponent("libFailAt.so").path)", "COLONNADE_FAIL=\(what)",
            ] + (ranks.map { ["COLONNADE_FAIL_RANK=\(rank ?? $0 - 1)"] } ?? []) + [
                products.appendingPathComponent("mlp").path,
            ] + options + ["--checkpoint-every", "0"] + ["--run-dir", "\(folder.path)/run"]
        ).run()
    }
}
