import Foundation
import Testing

/// What jobs say where the machine gives them too little: memory, room on the disk, a standard output.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct LimitTests {
    private let folder: RunFolder
    private var run: String { "\(folder.path)/run" }
    private var small: String { "--dataset sample --widths 20 --epochs 1 --run-dir \(run)" }

    init() throws { folder = try RunFolder() }

    /// Runs a line of bash, where $JOBS is the folder of the jobs, on as many ranks as are asked for.
    private func bash(_ line: String, ranks: Int? = nil) async throws -> MPIRun.Outcome {
        try await MPIRun(
            ranks: ranks, command: "/bin/bash", arguments: ["-c", line], environment: ["JOBS": MPIRun.products.path],
            timeout: 60
        ).run()
    }

    /// The lines of the job itself on standard error.
    private func said(_ outcome: MPIRun.Outcome, _ job: String) -> [Substring] {
        outcome.error.split(separator: "\n").filter { $0.hasPrefix("\(job): ") }
    }

    private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(run)/\(name)") }

    /// OpenBLAS would try for ever in silence, and MPI fail in words of its own.
    @Test(arguments: [(300_000, 1), (450_000, 1), (2_000_000, 16)], [nil, 2])
    func tooLittleAddressSpace(_ limit: (kibibytes: Int, threads: Int), ranks: Int?) async throws {
        let outcome = try await bash(
            "ulimit -v \(limit.kibibytes); exec $JOBS/rica --dry-run --threads \(limit.threads)", ranks: ranks)
        #expect(outcome.code == 1 && !outcome.timedOut, "\(outcome)")
        let lines = said(outcome, "rica")
        #expect(lines.count == 1, "\(outcome)")
        #expect(lines.first?.contains("\(limit.threads) BLAS thread") == true, "\(outcome)")
        #expect(
            lines.first?.contains("found \(limit.kibibytes * 1024 / 1_000_000) MB (ulimit -v)") == true, "\(outcome)")
    }

    /// What one machine of several lacks is told by its own rank.
    @Test func tooLittleAddressSpaceOnOneRank() async throws {
        let outcome = try await bash("\(MPIRun.isRank(0)) || ulimit -v 400000; exec $JOBS/mlp --dry-run", ranks: 2)
        #expect(outcome.code == 1 && said(outcome, "mlp").first?.hasPrefix("mlp: rank 1 on ") == true, "\(outcome)")
    }

    /// A net whose weights take 1.7 GB is planned below a limit that it would not fit in; only its run is refused.
    @Test func aNetThatALimitHasNoRoomFor() async throws {
        let line = "ulimit -v 1300000; exec $JOBS/mlp --dense --widths 20000,20000 --run-dir \(run)"
        let planned = try await bash(line + " --dry-run"), outcome = try await bash(line)
        #expect(planned.code == 0 && planned.output.contains("about 10.1 GB a rank"), "\(planned)")
        #expect(planned.error.contains("the run needs "), "\(planned)")
        #expect(outcome.code == 1 && said(outcome, "mlp").count == 1, "\(outcome)")
        #expect(said(outcome, "mlp").first?.contains("the run needs ") == true, "\(outcome)")
        #expect(said(outcome, "mlp").first?.contains("(ulimit -v)") == true && !exists("run.json"), "\(outcome)")
    }

    @Test func aLimitOfOneRank() async throws {
        let line = "\(MPIRun.isRank(0)) || ulimit -v 1300000; exec $JOBS/mlp --dense --widths 20000,20000"
        let outcome = try await bash("\(line) --run-dir \(run)", ranks: 2)
        #expect(outcome.code == 1 && !outcome.timedOut && !exists("run.json"), "\(outcome)")
        #expect(
            said(outcome, "mlp").contains { $0.contains("rank 1 on ") && $0.contains("the run needs ") }, "\(outcome)")
    }

    /// More than any machine of today has, by the plan alone.
    @Test(arguments: [nil, 2])
    func aPlanThatNoMachineHolds(ranks: Int?) async throws {
        let options = ["--dataset", "sample", "--features", "1000000", "--patches", "1000000000"]
        let outcome = try await folder.start("run", ranks: ranks, options)
        #expect(outcome.code == 1, "\(outcome)")
        #expect(said(outcome, "rica").count == 1, "\(outcome)")
        #expect(said(outcome, "rica").first?.contains("the run needs ") == true, "\(outcome)")
        #expect(!exists("run.json"))
        let trial = try await folder.start("run", ranks: ranks, options + ["--dry-run"])
        #expect(trial.code == 0 && trial.error.contains("the run needs "), "\(trial)")
    }

    @Test(arguments: [("ulimit -f 100", "(ulimit -f)"), ("ulimit -n 32", "(ulimit -n)")])
    func limitsBelowWhatMPINeeds(_ limit: (set: String, name: String)) async throws {
        let outcome = try await bash("\(limit.set); exec $JOBS/mlp --dry-run")
        #expect(outcome.code == 1 && said(outcome, "mlp").first?.contains(limit.name) == true, "\(outcome)")
        #expect(outcome.error.split(separator: "\n").count == 1, "\(outcome)")
    }

    /// The size of a file is found out when it is written.
    @Test func aFileThatMayNotBeAsLarge() async throws {
        let outcome = try await bash(
            "ulimit -f 9000; exec $JOBS/mlp --dense --widths 2000,2000 --epochs 0 --dataset sample --run-dir \(run)")
        #expect(outcome.code == 1, "\(outcome)")
        #expect(said(outcome, "mlp").first?.contains("model.safetensors") == true, "\(outcome)")
        #expect(said(outcome, "mlp").first?.hasSuffix("File too large") == true, "\(outcome)")
        #expect(!exists("model.safetensors"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: run).allSatisfy { !$0.hasSuffix(".part") })
    }

    /// How to run a command where a disk of its own may be mounted: as root, or as a user in a namespace.
    private static let unshare = (getuid() == 0 ? [] : ["--map-root-user"]) + ["--mount"]

    /// In CI it always may, and fails where not.
    private static let mayMount =
        ProcessInfo.processInfo.environment["CI"] == "true"
        || (try? MPIRun(command: "/usr/bin/unshare", arguments: unshare + ["true"]).launch().code) == 0

    @Test(.enabled(if: mayMount, "namespaces are not allowed here"))
    func aDiskThatIsTooSmall() async throws {
        let outcome = try await bash(
            """
            mkdir \(run) && exec unshare \(Self.unshare.joined(separator: " ")) bash -c '
            mount -t tmpfs -o size=1M tmpfs \(run) || exit
            exec $JOBS/mlp --dense --dataset sample --epochs 1 --run-dir \(run)/here'
            """)
        #expect(outcome.code == 1, "\(outcome)")
        let line = try #require(said(outcome, "mlp").first, "\(outcome)")
        #expect(
            line.contains("\(run)/here: expected 3 MB of free space for the files of this run, found 1 MB"),
            "\(outcome)")
        #expect(line.contains("--run-dir"), "\(outcome)")
        #expect(!outcome.output.contains("training on"), "\(outcome)")
    }

    /// `head` leaves at the first line; the run is as good as any.
    @Test func aReaderThatLeaves() async throws {
        let outcome = try await bash("set -o pipefail; $JOBS/mlp \(small) | head -n 1")
        #expect(outcome.code == 0 && exists("result.json") && exists("filters.png"), "\(outcome)")
        #expect(outcome.output.split(separator: "\n").count == 1, "\(outcome)")
        #expect(outcome.error.contains("standard output cannot be written (Broken pipe)"), "\(outcome)")
    }

    @Test func aStandardOutputThatIsFull() async throws {
        let outcome = try await bash("exec $JOBS/mlp \(small) >/dev/full")
        #expect(outcome.code == 0 && exists("result.json"), "\(outcome)")
        let warnings = outcome.error.split(separator: "\n").filter {
            $0.contains("standard output cannot be written (No space left")
        }
        #expect(warnings.count == 1, "\(outcome)")
    }

    /// The first file that is opened must not take the place of a standard output that is closed, and be printed to.
    @Test func streamsThatAreClosed() async throws {
        let outcome = try await bash("exec $JOBS/mlp \(small) <&- >&- 2>&-")
        #expect(outcome.code == 0 && exists("result.json"), "\(outcome)")
        let printed = try FileManager.default.contentsOfDirectory(atPath: run).filter {
            try folder.file("run/\($0)").contains(Data("Colonnade".utf8))
        }
        #expect(printed.isEmpty, "\(printed)")
    }

    /// What has no name to take cannot be renamed to it.
    @Test(arguments: ["mlp --widths 20 --epochs 1", "rica --features 8 --patches 200 --iterations 2"])
    func aPictureThatCannotBeWritten(job: String) async throws {
        try FileManager.default.createDirectory(
            atPath: "\(run)/filters.png/in the way", withIntermediateDirectories: true)
        let outcome = try await bash("exec $JOBS/\(job) --dataset sample --run-dir \(run)")
        #expect(outcome.code == 0 && exists("result.json") && exists("model.safetensors"), "\(outcome)")
        #expect(outcome.error.contains("warning: \(run)/filters.png: cannot rename to"), "\(outcome)")
    }

    @Test func ranksThatWereStartedWithOtherOptions() async throws {
        let mpirun = "exec " + ([try #require(MPIRun.mpirun)] + MPIRun.sharing(ranks: 2)).joined(separator: " ")
        for (first, second, culprit) in [
            ("mlp --learned 1", "mlp --learned 1 --sigma 30", "--sigma: expected none, as on rank 0, found 30"),
            ("mlp --batch 50", "mlp --batch=60", "--batch: expected 50, as on rank 0, found 60"),
            ("mlp", "mlp --dry-run", "--dry-run: expected none, as on rank 0, found it without a value"),
            ("mlp --dataset sample", "rica --dataset sample", "job: expected mlp, as on rank 0, found rica"),
            ("scaling run", "scaling bandwidth", "job: expected scaling run, as on rank 0, found scaling bandwidth"),
        ] {
            let outcome = try await bash("\(mpirun) -n 1 $JOBS/\(first) : -n 1 $JOBS/\(second)")
            #expect(outcome.code == 64 && !outcome.timedOut, "\(outcome)")
            #expect(outcome.error.components(separatedBy: culprit).count == 2, "\(outcome)")
            #expect(outcome.output.isEmpty, "\(outcome)")
        }
        // The order of options, how their values are written, and what a machine may have of its own are no difference.
        let options = ("--dry-run --batch 50 --threads 2", "--batch=50 --stall-after 200 --dry-run --progress none")
        let outcome = try await bash("\(mpirun) -n 1 $JOBS/mlp \(options.0) : -n 1 $JOBS/mlp \(options.1)")
        #expect(outcome.code == 0, "\(outcome)")
    }

    @Test(arguments: ["$JOBS/mlp --run-dir", "$JOBS/report", "$JOBS/scaling plan", "COLONNADE_DATA="])
    func aNameInAnotherEncoding(place: String) async throws {
        let line =
            place.hasSuffix("=") ? "\(place)$'caf\\xe9' exec $JOBS/mlp --dataset mnist" : "exec \(place) $'caf\\xe9'"
        let outcome = try await bash("cd \(folder.path); \(line)")
        #expect(outcome.code == 64 && outcome.error.contains("expected text in UTF-8, found 'caf\\xe9'"), "\(outcome)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
}
