import Foundation
import Testing

/// The job rica on 1 to 4 ranks: the same numbers, and the bytes of the formula.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct RICARanksTests {
    private static let options = [
        "--dataset", "sample", "--patches", "2000", "--features", "40", "--patch", "6", "--iterations", "20", "--phase",
        "learn",
    ]
    private let folder: RunFolder

    init() throws { folder = try RunFolder() }

    /// What rounding alone makes of an evaluation. Its inputs differ between rank counts by the order of sums in Double
    /// alone; rounded to Float, by at most one unit in the last place each (2⁻²³ relative). An output is a product
    /// of n_v = 36 such values twice over, rows by whitened patches, and its own sum in Float errs by at most
    /// 36·2⁻²⁴; sums of outputs are in Float over 32 of them, then in Double. All terms of the objective are
    /// positive, so a relative error of (2·2 + 36/2 + 32/2)·2⁻²³ bounds what they differ by.
    private let bound = (4.0 + 18 + 16) / 8_388_608

    /// L-BFGS amplifies rounding, so only the first ten iterations are compared. The limit is that of one evaluation;
    /// objectives of 3 seeds, with both MPI libraries, differed by 1e-7 at most up to there, and by 1e-5 after 20.
    @Test func theObjectiveDoesNotDependOnRanks() async throws {
        for ranks in 1...4 { try await folder.succeed("\(ranks)", ranks: ranks, Self.options) }
        let alone = try folder.objectives("1")
        #expect(alone.count == 21 && alone[20] < alone[0])
        for ranks in 2...4 {
            let found = try folder.objectives("\(ranks)")
            #expect(found.count == 21 && found[20] < found[0])
            for (iteration, (a, b)) in zip(alone, found).prefix(11).enumerated() {
                #expect(abs(a - b) <= bound * a, "iteration \(iteration) on \(ranks) ranks: \(b), alone \(a)")
            }
        }
    }

    /// The unit norm amplifies rounding from step to step, so only the first evaluation is compared.
    @Test func theUnitNormStartsTheSame() async throws {
        for ranks in 1...4 { try await folder.succeed("\(ranks)", ranks: ranks, Self.options + ["--norm", "unit"]) }
        let alone = try folder.objectives("1")[0]
        for ranks in 2...4 {
            let found = try folder.objectives("\(ranks)")[0]
            #expect(abs(found - alone) <= bound * alone, "\(ranks) ranks: \(found), alone \(alone)")
        }
    }

    @Test(arguments: [1, 3])
    func theSameSeedAndRanksGiveTheSameBits(ranks: Int) async throws {
        for run in ["a", "b"] { try await folder.succeed(run, ranks: ranks, Self.options) }
        #expect(try folder.file("a/model.safetensors") == folder.file("b/model.safetensors"))
        #expect(try folder.objectives("a") == folder.objectives("b"))
        try await folder.succeed("c", ranks: ranks, Self.options + ["--seed", "2"])
        #expect(try folder.file("a/model.safetensors") != folder.file("c/model.safetensors"))
    }

    @Test(arguments: [1, 2, 3, 4])
    func bytesAStep(ranks: Int) async throws {
        // 36 positions of which 18 are learned; 40 features, so that 3 ranks own 14, 13 and 13
        try await folder.succeed("run", ranks: ranks, Self.options)
        let result = try folder.result("run")
        let values = 40 * 18, largest = (40 + ranks - 1) / ranks * 18
        #expect(result.bytesPerStep == 4 * values)
        #expect(result.wireBytesPerStep == (ranks == 1 ? 0 : 4 * (values + (ranks - 2) * largest)))
    }
}
