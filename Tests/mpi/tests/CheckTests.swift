import Testing

/// Every check of mpi-checks, each on 1 to 4 ranks under its own mpirun.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct CheckTests {
    static let names: [String] = {
        let list = try? MPIRun(command: "mpi-checks", arguments: ["--list"]).run()
        return list?.output.split(separator: "\n").map(String.init) ?? []
    }()

    @Test func checksAreListed() {
        #expect(Self.names.contains("collectives"))
    }

    @Test(arguments: names, [1, 2, 3, 4])
    func holds(_ check: String, ranks: Int) throws {
        let outcome = try MPIRun(ranks: ranks, command: "mpi-checks", arguments: [check]).run()
        #expect(outcome.code == 0 && !outcome.timedOut, "\(outcome)")
    }
}
