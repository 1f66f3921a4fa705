import Synchronization
import Testing

/// Every check of mpi-checks, each on 1 to 4 ranks. One mpirun a rank count runs all of them, one after the other,
/// until one fails, dies or hangs; those behind it go on in a new one.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct CheckTests {
    static let names: [String] = {
        let list = try? MPIRun(command: "mpi-checks", arguments: ["--list"]).launch()
        return list?.output.split(separator: "\n").map(String.init) ?? []
    }()

    private static let failuresByRanks = Mutex<[Int: [String: MPIRun.Outcome]]>([:])

    /// The launches that failed on so many ranks, by the check that ran at their end. The first call runs all checks.
    private static func failures(ranks: Int) async throws -> [String: MPIRun.Outcome] {
        if let failures = failuresByRanks.withLock({ $0[ranks] }) { return failures }
        var failures: [String: MPIRun.Outcome] = [:], rest = names[...]
        while !rest.isEmpty {
            // A check that hangs ends its launch after five minutes, by its alarm; others take seconds.
            let outcome = try await MPIRun(
                ranks: ranks, command: "mpi-checks", arguments: Array(rest), timeout: 300 + 60 * Double(rest.count)
            ).run()
            let said = outcome.output.split(separator: "\n").filter { $0.hasPrefix("ok ") }
            let held = zip(said, rest).prefix { $0 == "ok \($1)" }.count
            if held == rest.count, outcome.code == 0 { break }
            // Where all have held, what failed is the end of the job.
            failures[rest.dropFirst(held).first ?? rest.last!] = outcome
            rest = rest.dropFirst(held + 1)
        }
        let found = failures
        failuresByRanks.withLock { $0[ranks] = found }
        return found
    }

    @Test func checksAreListed() {
        #expect(Self.names.contains("collectives"))
    }

    @Test(arguments: [1, 2, 3, 4], names)
    func holds(ranks: Int, _ check: String) async throws {
        if let failure = try await Self.failures(ranks: ranks)[check] { Issue.record("\(failure)") }
    }
}
