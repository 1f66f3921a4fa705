import Foundation
import Storage
import Testing

/// Runs that are killed, stopped or damaged, and go on: nothing is lost but the steps since the last checkpoint.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct ResumeTests {
    private static let options = [
        "--dataset", "sample", "--widths", "40,30", "--learned", "0.2", "--columns", "4", "--progress", "none",
    ]
    private static let often = ["--checkpoint-every", "0"]
    private let folder: RunFolder

    init() throws { folder = try RunFolder() }

    private func model(_ name: String) throws -> Data { try folder.file("\(name)/model.safetensors") }

    /// Starts a run of which one rank is killed soon after its first checkpoints, three times, and then lets it end.
    ///
    /// - Returns: how often it went on from a checkpoint.
    private func survive(_ name: String, job: String = "mlp", ranks: Int, _ options: [String]) async throws -> Int {
        var resumed = 0
        let all = "\(folder.path)/\(name)/checkpoints"
        for start in 0..<4 {
            // Until the newest checkpoint is two further than when this start began; a process that is gone has none.
            let kill =
                "newest() { ls \(all) 2>/dev/null | grep -x '[0-9]*' | sort -n | tail -1; }; n=$(newest); "
                + "while \(MPIRun.isAlive); do m=$(newest); "
                + "[ ${m:-0} -lt $((${n:-0} + 2)) ] || { sleep 0.0\(3 * start); kill -9 $$; exit; }; sleep 0.01; done"
            let shell =
                "if \(MPIRun.isRank(start % ranks)) && [ \(start) -lt 3 ]; then "
                + "(\(kill)) & fi; exec $JOBS/\(job) \(options.joined(separator: " ")) "
                + "\(Self.often.joined(separator: " ")) --run-dir \(folder.path)/\(name)"
            let outcome = try await MPIRun(
                ranks: ranks, command: "/bin/bash", arguments: ["-c", shell],
                environment: ["JOBS": MPIRun.products.path], timeout: 120
            ).run()
            if outcome.output.contains("going on from ") { resumed += 1 }
            if outcome.code == 0 { return resumed }
            let killed = MPIRun.codeOfKill(ranks: ranks)
            try #require(outcome.code == killed && !outcome.timedOut, "start \(start): \(outcome)")
        }
        throw Unfinished()
    }

    private struct Unfinished: Error {}

    /// The same seed and ranks give the same bits, whatever was killed on the way.
    @Test(arguments: [
        (2, ["--epochs", "30"]), (2, ["--epochs", "30", "--wire", "bfloat16"]),
        (2, ["--epochs", "25", "--exchange", "lowrank"]), (2, ["--epochs", "30", "--average-every", "4"]),
        (3, ["--epochs", "8", "--reduction", "fixed"]),
        (1, ["--epochs", "30", "--dictionary", "emp,kmeans", "--pretrain-epochs", "10"]),
        (1, ["--epochs", "40", "--alternate", "2", "--dictionary", "se,lowrank"]),
        (1, ["--epochs", "6", "--validate", "--dropout", "0.2"]),
    ])
    func killsLoseNothing(ranks: Int, more: [String]) async throws {
        try await folder.succeed("whole", job: "mlp", ranks: ranks, Self.options + more)
        let resumed = try await survive("killed", ranks: ranks, Self.options + more)
        #expect(resumed > 0, "no start went on from a checkpoint")
        #expect(try model("killed") == model("whole"))
        for column in ["step", "objective", "error"] {
            #expect(try folder.metrics("killed", column) == folder.metrics("whole", column))
        }
        #expect(try folder.result("killed").files?["metrics.csv"] == checksum(folder.file("killed/metrics.csv")))
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/killed/checkpoints"))
        let record = try JSONSerialization.jsonObject(with: folder.file("killed/run.json")) as? [String: Any]
        #expect((record?["starts"] as? [Any])?.count ?? 0 > resumed)
    }

    /// What goes on has started already: its layers are not scaled a second time.
    @Test func killsOfConvnetLoseNothing() async throws {
        let options = [
            "--dataset", "sample", "--progress", "none", "--epochs", "8", "--layers",
            "\"conv 6 5; pool 2; relu; full 20 dictionary emp; relu\"",
        ]
        try await folder.succeed("whole", job: "convnet", ranks: 2, options.map { $0.filter { $0 != "\"" } })
        #expect(try await survive("killed", job: "convnet", ranks: 2, options) > 0)
        #expect(try model("killed") == model("whole"))
        #expect(try folder.metrics("killed", "objective") == folder.metrics("whole", "objective"))
    }

    @Test(arguments: [["--iterations", "40"], ["--iterations", "12", "--validate", "--lambda", "0.05"]])
    func killsOfRICALoseNothing(more: [String]) async throws {
        let options = [
            "--dataset", "sample", "--features", "48", "--patches", "4000", "--patch", "8", "--columns", "4",
            "--progress", "none",
        ] + more
        try await folder.succeed("whole", job: "rica", ranks: 2, options)
        #expect(try await survive("killed", job: "rica", ranks: 2, options) > 0)
        #expect(try model("killed") == model("whole"))
        #expect(try folder.file("killed/predictions.csv") == folder.file("whole/predictions.csv"))
        #expect(try folder.objectives("killed") == folder.objectives("whole"))
    }

    /// A job that was sent a signal on one rank keeps a checkpoint and ends with 75; the same command goes on.
    @Test(arguments: zip([1, 3, 3], ["TERM", "USR1", "INT"]))
    func aSignalIsAStop(ranks: Int, signal: String) async throws {
        let options = Self.options + ["--epochs", "60", "--reduction", "fixed"]
        try await folder.succeed("whole", job: "mlp", ranks: 1, options)
        let stopped = try await stop("run", ranks: ranks, options, signal: signal)
        #expect(stopped.error.contains("mlp: stopped on SIG\(signal) at step "), "\(stopped)")
        #expect(stopped.error.contains(": the same command goes on from step "), "\(stopped)")
        // At another rank count, too: with --reduction fixed to the bit.
        let rest = try await folder.start("run", job: "mlp", ranks: 4 - ranks, options + ["--check-replicas", "10"])
        #expect(rest.code == 0 && rest.output.contains("going on from step "), "\(rest)")
        #expect(try model("run") == model("whole"))
    }

    /// Sums in another order, and so other last bits: what docs/mpi.md promises of a loss.
    @Test(arguments: [[], ["--exchange", "full"], ["--exchange", "dynamic", "--allreduce", "ring"]])
    func anotherRankCountGoesOn(exchange: [String]) async throws {
        let options = Self.options + ["--epochs", "40"] + exchange
        try await folder.succeed("whole", job: "mlp", ranks: 3, options)
        try await stop("run", ranks: 3, options)
        try await goOn("run", ranks: 2, options)
        let whole = try folder.objectives("whole"), run = try folder.objectives("run")
        #expect(run.count == whole.count && zip(whole, run).allSatisfy { abs($0 - $1) <= 1e-5 * $0 }, "\(run)")
    }

    /// What approximates or averages goes on, too: with the sum of the errors, from the mean of the velocities.
    @Test(arguments: [["--wire", "bfloat16"], ["--exchange", "lowrank"], ["--average-every", "4"]])
    func anotherRankCountGoesOnNearly(exchange: [String]) async throws {
        let options = Self.options + ["--epochs", "40"] + exchange
        try await folder.succeed("whole", job: "mlp", ranks: 3, options)
        try await stop("run", ranks: 3, options)
        try await goOn("run", ranks: 2, options)
        let whole = try folder.objectives("whole"), run = try folder.objectives("run")
        // Less than the seeds' own spread of 10 % (MLPExchangeTests).
        #expect(run.count == whole.count && abs(run.last! / whole.last! - 1) <= 0.1, "\(run), \(whole)")
    }

    /// Stops a run with a signal to its last rank, once it has kept two checkpoints.
    @discardableResult
    private func stop(
        _ name: String, ranks: Int, _ options: [String], signal: String = "TERM"
    ) async throws -> MPIRun.Outcome {
        let all = "\(folder.path)/\(name)/checkpoints"
        let shell =
            "if \(MPIRun.isRank(ranks - 1)); then "
            + "(until [ $(ls \(all) 2>/dev/null | wc -l) -ge 2 ]; do \(MPIRun.isAlive) || exit; sleep 0.01; done; "
            + "kill -\(signal) $$) & fi; exec $JOBS/mlp \((options + Self.often).joined(separator: " ")) "
            + "--run-dir \(folder.path)/\(name)"
        let stopped = try await MPIRun(
            ranks: ranks, command: "/bin/bash", arguments: ["-c", shell],
            environment: ["JOBS": MPIRun.products.path]
        ).run()
        try #require(stopped.code == 75, "\(stopped)")
        return stopped
    }

    /// Starts a run again, which must go on from its checkpoint.
    private func goOn(_ name: String, ranks: Int, _ options: [String]) async throws {
        let outcome = try await folder.start(name, job: "mlp", ranks: ranks, options)
        try #require(outcome.code == 0 && outcome.output.contains("going on from step "), "\(outcome)")
    }

    /// One byte that is not as it was written: the checkpoint before is taken, and this one put aside.
    @Test(arguments: zip(["part-0.safetensors", "part-1.safetensors", "manifest.json"], [0.1, 0.99, 0.6]))
    func aDamagedCheckpointIsPutAside(file: String, place: Double) async throws {
        let options = Self.options + ["--epochs", "90"]
        try await folder.succeed("whole", job: "mlp", ranks: 2, options)
        try await stop("run", ranks: 2, options)
        let all = "\(folder.path)/run/checkpoints"
        let numbers = try FileManager.default.contentsOfDirectory(atPath: all).compactMap { Int($0) }.sorted()
        try #require(numbers.count == 2, "\(numbers)")
        let older = try JSONSerialization.jsonObject(
            with: folder.file("run/checkpoints/\(numbers[0])/manifest.json")) as? [String: Any]
        let position = try #require(older?["position"] as? String)
        let damaged = "\(all)/\(numbers[1])/\(file)"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: damaged))
        bytes[Int(place * Double(bytes.count))] ^= 1
        try bytes.write(to: URL(fileURLWithPath: damaged))
        let rest = try await folder.start("run", job: "mlp", ranks: 2, options)
        #expect(rest.code == 0 && rest.error.contains(damaged), "\(rest)")
        #expect(rest.error.contains("this checkpoint is put aside, and the one before it is taken"), "\(rest)")
        #expect(rest.output.contains("going on from \(position)\n"), "\(rest)")
        #expect(try model("run") == model("whole"))
    }

    @Test func aFinishedRunSaysSo() async throws {
        let options = Self.options + ["--epochs", "1"]
        try await folder.succeed("run", job: "mlp", options)
        let result = try folder.file("run/result.json"), record = try folder.file("run/run.json")
        let again = try await folder.start("run", job: "mlp", ranks: 2, options)
        #expect(again.code == 0 && again.output.contains("holds this run, finished, test error "), "\(again)")
        #expect(try folder.file("run/result.json") == result && folder.file("run/run.json") == record)
        let more = try await folder.start("run", job: "mlp", options + ["--epochs", "2"])
        #expect(more.code == 64 && more.error.contains("holds a run with epochs 1, this one has 2: "), "\(more)")
        try await folder.succeed("run", job: "mlp", options + ["--resume", "never"])
        #expect(try folder.file("run/run.json") != record)
    }

    /// Two runs at once in one directory: the second is refused, and the first goes on.
    @Test func aRunDirectoryIsLocked() async throws {
        let options = Self.options + ["--epochs", "2000", "--run-dir", "\(folder.path)/run"]
        let shell =
            "$JOBS/mlp \(options.joined(separator: " ")) & first=$!; "
            + "until [ -e \(folder.path)/run/run.json ]; do sleep 0.05; done; "
            + "$JOBS/mlp \(options.joined(separator: " ")); second=$?; kill -TERM $first; wait $first; "
            + "echo codes $? $second"
        let outcome = try await MPIRun(
            command: "/bin/bash", arguments: ["-c", shell], environment: ["JOBS": MPIRun.products.path]
        ).run()
        #expect(outcome.output.contains("codes 75 64"), "\(outcome)")
        #expect(outcome.error.contains(" runs in it: wait for its end, choose another folder"), "\(outcome)")
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/run/lock"))
    }

    /// The end of the allocation is known without a signal.
    @Test func theTimeIsWatched() async throws {
        let soon = Date(timeIntervalSinceNow: 22).timeIntervalSince1970
        let outcome = try await folder.start(
            "run", job: "mlp", Self.options + ["--epochs", "1000"], environment: ["SLURM_JOB_END_TIME": "\(Int(soon))"])
        #expect(outcome.code == 75, "\(outcome)")
        #expect(outcome.error.contains("stopped before the time given to the job is over at "), "\(outcome)")
    }
}
