import Testing

/// An evaluation makes no memory, nor does a step of stochastic descent: malloc and its kin are counted between reduce-scatters 6 and 14,
/// of which an evaluation has one and a step one a bucket, MPI's own apart.
@Suite(.serialized)
struct AllocationTests {
    @Test(arguments: [["--dense"], ["--compute", "expanded"], ["--compute", "pooled"], ["--compute", "reduced"]])
    func noneBetweenEvaluations(options: [String]) throws {
        try expectNone("rica", options + ["--patches", "3000", "--features", "50", "--iterations", "15", "--phase", "learn"])
    }

    @Test(arguments: [
        ["--dense"], ["--dictionary", "se,randcon", "--compute", "expanded"], ["--dictionary", "se,randcon", "--compute", "pooled"],
        ["--dictionary", "se,randcon", "--compute", "reduced", "--dropout", "0.2"], ["--dictionary", "lowrank"],
    ])
    func noneBetweenSteps(options: [String]) throws {
        try expectNone("mlp", options + ["--widths", "40,30", "--epochs", "1"])
    }

    private func expectNone(_ job: String, _ options: [String]) throws {
        let folder = try RunFolder()
        let outcome = try folder.start(
            "run", job: job, options + ["--dataset", "sample", "--progress", "none"],
            environment: ["LD_PRELOAD": MPIRun.products.appendingPathComponent("libCountAllocations.so").path])
        try #require(outcome.code == 0, "\(outcome)")
        let line = try #require(outcome.error.split(separator: "\n").first { $0.hasPrefix("allocations: ") }, "\(outcome)")
        let numbers = line.split(separator: " ").compactMap { Int($0) }
        try #require(numbers.count == 4, "\(line)")
        #expect(numbers[0] == 0, "\(line)")
        #expect(numbers[2] >= 14, "fewer evaluations than are counted: \(line)")
        #expect(numbers[3] > 1000, "the counting does not work: \(line)")
    }
}
