import Testing

/// An evaluation makes no memory, nor does a step of stochastic descent: malloc and its kin are counted from the 2nd to
/// the 10th reduce-scatter of evaluations, or the 100th to the 180th message of exchanges, all in one epoch, those of
/// MPI and OpenBLAS apart.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct AllocationTests {
    @Test(arguments: [["--dense"], ["--compute", "expanded"], ["--compute", "pooled"], ["--compute", "reduced"]])
    func noneBetweenEvaluations(options: [String]) async throws {
        try await expectNone(
            "rica", ranks: 1,
            options + ["--patches", "3000", "--features", "50", "--iterations", "15", "--phase", "learn"])
    }

    /// On two ranks, as one sends no messages; sums on all ranks by the ring, which sends them.
    @Test(arguments: [
        ["--dense"], ["--dictionary", "se,randcon", "--compute", "expanded"],
        ["--dictionary", "se,randcon", "--compute", "pooled"],
        ["--dictionary", "se,randcon", "--compute", "reduced", "--dropout", "0.2"], ["--dictionary", "lowrank"],
        ["--wire", "bfloat16"], ["--exchange", "full", "--allreduce", "ring"],
        ["--exchange", "dynamic", "--allreduce", "ring"],
        ["--exchange", "lowrank", "--lowrank-of", "full", "--allreduce", "ring"],
        ["--average-every", "2", "--allreduce", "ring"],
    ])
    func noneBetweenSteps(options: [String]) async throws {
        try await expectNone("mlp", ranks: 2, options + ["--widths", "40,30", "--batch", "20", "--epochs", "1"])
    }

    @Test(arguments: ["cut", "open"]) func noneBetweenStepsOfConvolutions(window: String) async throws {
        try await expectNone(
            "convnet", ranks: 2,
            [
                "--window", window, "--flip", "--shift", "2",
                "--layers", "conv 8 5 pad 2; pool 2; relu; conv 6 3 dense; tanh; full 20; relu; dropout 0.5", "--batch",
                "20", "--epochs", "1",
            ])
    }

    private func expectNone(_ job: String, ranks: Int, _ options: [String]) async throws {
        let folder = try RunFolder(), products = MPIRun.products
        // env, since a launcher would count, too.
        let outcome = try await MPIRun(
            ranks: ranks, command: "/usr/bin/env",
            arguments: [
                "LD_PRELOAD=\(products.appendingPathComponent("libCountAllocations.so").path)",
                products.appendingPathComponent(job).path,
            ] + options + ["--dataset", "sample", "--progress", "none", "--run-dir", "\(folder.path)/run"]
        ).run()
        try #require(outcome.code == 0, "\(outcome)")
        let lines = outcome.error.split(separator: "\n").filter { $0.hasPrefix("allocations: ") }
        try #require(lines.count == ranks, "\(outcome)")
        for line in lines {
            let numbers = line.split(separator: " ").compactMap { Int($0) }
            try #require(numbers.count == 4, "\(line)")
            #expect(numbers[0] == 0, "\(line)")
            #expect(numbers[2] >= 0, "fewer marks than are counted between: \(line)")
            #expect(numbers[3] > 1000, "the counting does not work: \(line)")
        }
    }
}
