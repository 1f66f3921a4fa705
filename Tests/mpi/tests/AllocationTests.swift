import Testing

/// An evaluation makes no memory: malloc and its kin are counted between evaluations 2 and 10, MPI's own apart.
@Suite(.serialized)
struct AllocationTests {
    @Test(arguments: [["--dense"], ["--compute", "expanded"], ["--compute", "pooled"], ["--compute", "reduced"]])
    func noneBetweenEvaluations(options: [String]) throws {
        let folder = try RunFolder()
        let outcome = try folder.start(
            "run",
            options + ["--dataset", "sample", "--patches", "3000", "--features", "50", "--iterations", "15", "--phase", "learn"],
            environment: ["LD_PRELOAD": MPIRun.products.appendingPathComponent("libCountAllocations.so").path])
        try #require(outcome.code == 0, "\(outcome)")
        let line = try #require(outcome.error.split(separator: "\n").first { $0.hasPrefix("allocations: ") }, "\(outcome)")
        let numbers = line.split(separator: " ").compactMap { Int($0) }
        try #require(numbers.count == 4, "\(line)")
        #expect(numbers[0] == 0, "\(line)")
        #expect(numbers[2] >= 10, "fewer evaluations than are counted: \(line)")
        #expect(numbers[3] > 1000, "the counting does not work: \(line)")
    }
}
