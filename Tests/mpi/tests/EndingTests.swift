import Foundation
import Testing

/// How jobs end: the message, the code and the time that it takes.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct EndingTests {
    private func run(_ check: String, ranks: Int?, environment: [String: String] = [:]) async throws -> MPIRun.Outcome {
        try await MPIRun(
            ranks: ranks, command: "mpi-checks", arguments: [check], environment: environment,
            isIdle: check.hasPrefix("stall")
        ).run()
    }

    /// Lines on stderr that the job wrote itself; mpirun adds its own.
    private func lines(_ outcome: MPIRun.Outcome) -> [String] {
        outcome.error.split(separator: "\n").map(String.init).filter { $0.hasPrefix("mpi-checks ") }
    }

    @Test(arguments: ["throw-while-others-wait", "throw-in-messages"], [2, 3, 4])
    func oneThrows(_ check: String, ranks: Int) async throws {
        let outcome = try await run(check, ranks: ranks)
        #expect(outcome.code == 65, "\(outcome)")
        let said = lines(outcome)
        #expect(said.count == 1, "\(outcome)")
        #expect(said.first?.hasPrefix("mpi-checks \(check): rank \(ranks - 1) on ") == true, "\(outcome)")
        #expect(said.first?.hasSuffix(": the disk is gone") == true, "\(outcome)")
        let thrown = outcome.output.split(separator: "\n").first { $0.hasPrefix("throws at ") }.flatMap {
            Double($0.dropFirst(10))
        }
        #expect(try outcome.end.timeIntervalSince1970 - #require(thrown, "\(outcome)") < 10, "\(outcome)")
    }

    @Test(arguments: ["throw-while-others-wait", "throw-in-messages", "throw-everywhere", "collective-error"], [nil, 1])
    func aloneItSaysSoOnce(_ check: String, ranks: Int?) async throws {
        let outcome = try await run(check, ranks: ranks)
        #expect(outcome.code == 65, "\(outcome)")
        #expect(lines(outcome) == ["mpi-checks \(check): the disk is gone"], "\(outcome)")
    }

    @Test func allThrowWithoutAgreement() async throws {
        let outcome = try await run("throw-everywhere", ranks: 3)
        #expect(outcome.code == 65, "\(outcome)")
        #expect(!lines(outcome).isEmpty, "\(outcome)")
    }

    @Test(arguments: [2, 4])
    func collectiveErrorIsSaidOnceAndAllFinalise(ranks: Int) async throws {
        let outcome = try await run("collective-error", ranks: ranks)
        #expect(outcome.code == 65, "\(outcome)")
        #expect(lines(outcome).count == 1, "\(outcome)")
        #expect(lines(outcome).first?.contains("rank \(ranks - 1) on ") == true, "\(outcome)")
        #expect(!outcome.error.contains("MPI_ABORT"), "\(outcome)")
        for rank in 0..<ranks { #expect(outcome.output.contains("rank \(rank) was here"), "\(outcome)") }
    }

    /// Samples are mapped; a file that somebody cuts meanwhile is a damaged file, not a crash.
    @Test(arguments: [nil, 2])
    func aFileThatBecomesShorterEndsTheJob(ranks: Int?) async throws {
        let outcome = try await run("shorter-file", ranks: ranks)
        let line = ": it became shorter or unreadable while it was used: start again when nobody changes it"
        #expect(outcome.code == 65 && outcome.error.contains(line), "\(outcome)")
    }

    /// Six ranks are more than a rank has neighbours: what it knows of some, others told it.
    @Test(arguments: [
        "stall": "MPI_Barrier", "stall-in-messages": "MPI_Wait", "stall-of-a-stopped-rank": "MPI_Allreduce",
        "stall-after-others": "MPI_Barrier",
    ], [2, 3, 6])
    func stallEndsAndNamesTheSilentRank(_ check: (key: String, value: String), ranks: Int) async throws {
        let outcome = try await run(check.key, ranks: ranks)
        let before = check.key == "stall-after-others" ? 2.4 * Double(ranks) : 0
        // Where mpirun itself does not return from a stopped rank, it is killed ten seconds later, as docs/mpi.md says.
        let codes: [Int32] = check.key == "stall-of-a-stopped-rank" ? [1, 137] : [1]
        #expect(codes.contains(outcome.code) && outcome.seconds < before + 30, "\(outcome)")
        // whichever of the waiting ranks was first; the last rank is the one that does not wait
        let said = lines(outcome)
        #expect(!said.isEmpty, "\(outcome)")
        for line in said {
            #expect(
                (0..<ranks - 1).contains { line.hasPrefix("mpi-checks \(check.key): rank \($0) on ") }, "\(outcome)")
            #expect(line.contains(": waited 4 s in \(check.value)"), "\(outcome)")
            #expect(line.contains(": no word from rank \(ranks - 1) on "), "\(outcome)")
            #expect(line.hasSuffix(": it is stuck or cannot be reached"), "\(outcome)")
        }
    }

    /// This holds also when the call that a rank waited in returns while it aborts. scripts/test leaves it out under
    /// MPICH, where no rank is a child of mpiexec.
    @Test func anMpirunThatDoesNotReturnIsKilled() async throws {
        let outcome = try await run("stall-of-mpirun", ranks: 3)
        #expect(outcome.code == 128 + SIGKILL && !outcome.timedOut, "\(outcome)")
    }

    @Test(arguments: [2, 3])
    func stallOfAllEnds(ranks: Int) async throws {
        let outcome = try await run("stall-of-all", ranks: ranks)
        #expect(outcome.code == 1 && outcome.seconds < 30, "\(outcome)")
        #expect(!lines(outcome).isEmpty, "\(outcome)")
        for line in lines(outcome) { #expect(line.contains(": all other ranks wait, too"), "\(outcome)") }
    }

    @Test(arguments: [2, 3])
    func stallsThatEndInTimeAreNoFailure(ranks: Int) async throws {
        let outcome = try await run("stalls-that-end", ranks: ranks)
        #expect(outcome.code == 0 && outcome.error.isEmpty, "\(outcome)")
    }

    /// While it trains, a second after its start.
    @Test(arguments: [2, 4])
    func aKilledRankEndsTheJobWithinFiveSeconds(ranks: Int) async throws {
        let folder = try RunFolder()
        let shell =
            "if \(MPIRun.isRank(ranks - 1)); then "
            + "(until [ -e \(folder.path)/run/run.json ]; do \(MPIRun.isAlive) || exit; sleep 0.1; done; sleep 1; "
            + "date +%s.%N >\(folder.path)/killed; kill -9 $$) & fi; "
            + "exec $JOBS/mlp --dataset sample --epochs 5000 --run-dir \(folder.path)/run"
        let outcome = try await MPIRun(
            ranks: ranks, command: "/bin/bash", arguments: ["-c", shell], environment: ["JOBS": MPIRun.products.path]
        ).run()
        #expect(outcome.code == MPIRun.codeOfKill(ranks: ranks), "\(outcome)")
        #expect(try folder.seconds(from: "killed", to: outcome.end) < 5, "\(outcome)")
    }

    /// MPICH's mpiexec looks at exit codes alone, as docs/mpi.md says.
    @Test func leavingEarlyIsAFailure() async throws {
        let outcome = try await run("leave-early", ranks: 2)
        #expect((outcome.code != 0 || !MPIRun.isOpenMPI) && outcome.seconds < 30, "\(outcome)")
    }

    @Test(arguments: ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_NUM_TASKS"])
    func processesThatAreAllRankZeroAreRefused(variable: String) async throws {
        let outcome = try await run("hello", ranks: nil, environment: [variable: "2"])
        #expect(outcome.code == 64, "\(outcome)")
        #expect(outcome.output.isEmpty, "\(outcome)")
        #expect(lines(outcome).count == 1, "\(outcome)")
        #expect(lines(outcome).first?.contains("\(variable)=2") == true, "\(outcome)")
        #expect(lines(outcome).first?.contains(MPIRun.isOpenMPI ? "Open MPI v" : "MPICH V") == true, "\(outcome)")
    }

    @Test func oneProcessByHandIsFine() async throws {
        // as in a batch script of two tasks
        let outcome = try await run(
            "hello", ranks: nil, environment: ["SLURM_JOB_ID": "7", "SLURM_NTASKS": "2", "SLURM_PROCID": "0"])
        #expect(outcome.code == 0 && outcome.output == "rank 0 of 1\n", "\(outcome)")
    }

    @Test func oneRankOfMpirunUnderSlurmIsFine() async throws {
        // mpirun's daemon was itself started by an srun of two tasks
        let outcome = try await run("hello", ranks: 1, environment: ["SLURM_STEP_NUM_TASKS": "2"])
        #expect(outcome.code == 0 && outcome.output == "rank 0 of 1\n", "\(outcome)")
    }

    @Test func severalRanksAreFine() async throws {
        let outcome = try await run("hello", ranks: 3)
        #expect(outcome.code == 0, "\(outcome)")
        // MPICH's mpiexec may put an end of line behind another rank's words.
        for rank in 0..<3 { #expect(outcome.output.contains("rank \(rank) of 3"), "\(outcome)") }
        #expect(outcome.output.filter { !$0.isNewline }.count == 33, "\(outcome)")
    }
}
