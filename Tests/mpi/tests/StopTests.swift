import Testing

/// Signals in phases that take no steps: whitening, k-means, a search, the test.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct StopTests {
    private let folder: RunFolder

    init() throws { folder = try RunFolder() }

    /// One rank is sent a signal once rank 0 has printed the words; all end with 75 within five seconds. The same
    /// command then gives what an undisturbed run does.
    ///
    /// - Parameter place: where the job says that it stopped.
    @Test(
        arguments: [
            (
                "mlp --dataset sample --learned 1 --widths 100 --epochs 2 --dictionary kmeans",
                "making the dictionary kmeans", "at the making of the dictionary of hidden1: "
            ),
            (
                "mlp --dataset mnist --data . --dense --widths 1500,1500 --epochs 3 --batch 30", "testing on",
                "at the test: "
            ),
            (
                "rica --dataset sample --patch 20 --patches 60000 --features 36 --iterations 3",
                "fitting the whitening", "at the whitening: "
            ),
            (
                "rica --dataset sample --patch 20 --patches 20000 --features 36 --iterations 3 --dictionary kmeans",
                "making the dictionary kmeans", "at the making of the dictionary: "
            ),
            (
                "rica --dataset sample --features 48 --patches 4000 --iterations 12 --validate --lambda 0.05",
                "validate: λ 0.05", " of try "
            ),
        ])
    func isHeard(_ job: (command: String, words: String, place: String)) async throws {
        // Sixty images to learn, and as many to test as take longer than a signal.
        if job.command.contains("mnist") { try folder.writeMNIST(train: 60, test: 5000) }
        try await start(job.command, in: "whole")
        let stopped = try await start(
            job.command, in: "run",
            before: "if \(MPIRun.isRank(0)); then "
                + "(until grep -q '\(job.words)' said; do \(MPIRun.isAlive) || exit; sleep 0.01; done; "
                + "date +%s.%N >sent; kill -TERM $$) & exec >said; fi; ", code: 75)
        #expect(stopped.error.contains("stopped on SIGTERM at "), "\(stopped)")
        #expect(stopped.error.contains(job.place), "\(stopped)")
        #expect(try folder.seconds(from: "sent", to: stopped.end) < 5, "\(stopped)")

        try await start(job.command, in: "run")
        #expect(try folder.file("run/model.safetensors") == folder.file("whole/model.safetensors"))
        #expect(try folder.objectives("run") == folder.objectives("whole"))
    }

    /// Starts a job on three ranks in this test's folder, which must end with a code.
    ///
    /// - Parameter before: what the shell of every rank does first.
    @discardableResult
    private func start(
        _ command: String, in run: String, before: String = "", code: Int32 = 0
    ) async throws -> MPIRun.Outcome {
        let line = "cd \(folder.path); \(before)exec $JOBS/\(command) --progress line --run-dir \(run)"
        let outcome = try await MPIRun(
            ranks: 3, command: "/bin/bash", arguments: ["-c", line], environment: ["JOBS": MPIRun.products.path],
            timeout: 120
        ).run()
        try #require(outcome.code == code, "\(outcome)")
        return outcome
    }
}
