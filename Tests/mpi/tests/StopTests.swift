import Foundation
import Testing

/// Signals in phases that take no steps: whitening, k-means, a search, the test.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct StopTests {
    private let folder: RunFolder

    init() throws { folder = try RunFolder() }

    /// One rank is sent a signal once rank 0 has printed the words; all end with 75 within five seconds.
    ///
    /// - Parameter place: where the job says that it stopped.
    @Test(
        arguments: [
            (
                "mlp --learned 1 --widths 100 --dictionary kmeans", "making the dictionary kmeans",
                "at the dictionary of hidden layer 1: "
            ),
            ("mlp --dense --widths 3000,3000 --epochs 0", "testing on", "at the test: "),
            (
                "rica --patch 20 --patches 60000 --features 36", "fitting the whitening",
                "at the whitening: "
            ),
            (
                "rica --features 48 --patches 4000 --validate --lambda 0.05", "validate: λ 0.05",
                " of try "
            ),
        ], [1, 3])
    func isHeard(_ job: (command: String, words: String, place: String), ranks: Int) throws {
        let shell =
            "cd \(folder.path); if [ ${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}} = 0 ]; then "
            + "(until grep -q '\(job.words)' said; do kill -0 $$ || exit; sleep 0.01; done; "
            + "date +%s.%N >sent; kill -TERM $$) & exec >said; fi; "
            + "exec $JOBS/\(job.command) --dataset sample --progress line --run-dir run"
        let outcome = try MPIRun(
            ranks: ranks, command: "/bin/bash", arguments: ["-c", shell], environment: ["JOBS": MPIRun.products.path]
        ).run()
        #expect(outcome.code == 75 && outcome.error.contains("stopped on SIGTERM at "), "\(outcome)")
        #expect(outcome.error.contains(job.place), "\(outcome)")
        let sent = String(decoding: try folder.file("sent"), as: UTF8.self).trimmingCharacters(in: .newlines)
        #expect(try outcome.end.timeIntervalSince1970 - #require(Double(sent)) < 5, "\(outcome)")
    }
}
