import DataParallel
import Datasets
import Foundation
import Logging
import Parallel
import Runs

/// One run of a job on one rank: what every job does before its own work and after it.
public struct JobRun {
    public let job: String
    public let common: CommonOptions
    public let world: Communicator
    public let logger: Logger
    public let progress: ProgressLog
    public let directory: RunDirectory

    public init(_ job: String, common: CommonOptions, on world: Communicator) {
        self.job = job
        self.common = common
        self.world = world
        logger = Logger(label: job) { StreamLogHandler.standardError(label: $0) }
        progress = ProgressLog(style: common.progress, speaks: world.isRoot)
        directory = RunDirectory(path: common.runDir ?? "runs/\(job)-\(common.dataset)")
    }

    /// Opens the data set and refuses one that cannot be used. Collective.
    ///
    /// - Throws: `CollectiveError`, `MPIError`.
    public func openData() throws -> Dataset {
        try world.agree {
            try common.checkRanks(world.size)
            try checkInitial()
        }
        return try openDataset(common.dataset, data: common.data, on: world, logger)
    }

    /// Refuses to start from a file that the run replaces.
    private func checkInitial() throws {
        func folder(_ path: String) -> URL { URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL }
        guard let initial = common.initial,
            folder(initial).deletingLastPathComponent().path == folder(directory.path).path
        else { return }
        throw OptionError(
            "--init: expected a file outside of the run directory, where this run leaves its own, found "
                + "\(initial): name another --run-dir")
    }

    /// What a run takes, for the checks before it, and what its record says.
    public struct Needs {
        /// The settings and the environment beside those that all jobs have.
        public var settings: [String: String]
        public var environment: [String: String] = [:]
        /// Bytes that a rank holds at most.
        public var memory: Int
        /// Bytes that the files of the run take, and that `--export-expanded` takes.
        public var files: Int
        public var exported: Int
        /// What is started of the run; nil: all of it.
        public var phase: RunPhase?

        public init(settings: [String: String], memory: Int, files: Int, exported: Int) {
            self.settings = settings
            self.memory = memory
            self.files = files
            self.exported = exported
        }
    }

    /// Says what will be done, holds it against the machine and opens the run directory. Collective.
    ///
    /// - Parameters:
    ///   - describe: adds the derived sizes to the banner.
    ///   - body: the work, unless a finished run is there already.
    /// - Throws: `CollectiveError`, `MPIError`; what `body` throws.
    public func run(
        _ needs: Needs, data: Dataset, describe: (inout Banner) -> Void, _ body: (Checkpoints) throws -> Void
    ) throws {
        let record = RunRecord(
            job: job, settings: needs.settings.merging(common.reductionSetting) { $1 },
            environment: environment(common, data: data).merging(needs.environment) { $1 },
            communicator: world, hosts: try world.hostNames())
        var banner = Banner(job: job, record: record)
        describe(&banner)
        banner.print(with: progress)
        if world.isRoot { warnOfSlowKernels(logger) }
        try checkMemory(needs.memory, hosts: record.hosts, isDryRun: common.dryRun, logger: logger, on: world)
        if common.dryRun { return }
        var opening: RunDirectory.Opening?
        try world.agreeOnRoot {
            try common.checkExport(bytes: needs.exported)
            opening = try directory.open(
                record, phase: needs.phase, resumes: common.resume == .auto, expecting: needs.files
            ) { progress.warn($0) }
        }
        defer { directory.close() }
        guard let run = try id(of: opening) else { return try sayFinished(opening, needs.phase) }
        directory.id = run
        try checkSharing(run)
        let checkpoints = try checkpoints(of: run, needs)
        try body(checkpoints)
        try checkpoints.remove()
    }

    /// The run's id on all ranks; nil where the run is finished. One broadcast.
    private func id(of opening: RunDirectory.Opening?) throws -> String? {
        // Whether the run is open, then its id.
        var bytes = [UInt8](repeating: 0, count: 1 + RunRecord.idLength)
        if case .open(let id) = opening { bytes = [1] + id.utf8 }
        try bytes.withUnsafeMutableBufferPointer { try world.broadcast($0, from: 0) }
        return bytes[0] == 0 ? nil : String(decoding: bytes.dropFirst(), as: UTF8.self)
    }

    /// - Throws: `CollectiveError` where something was asked for that only a run makes.
    private func sayFinished(_ opening: RunDirectory.Opening?, _ phase: RunPhase?) throws {
        try world.agree {
            guard common.exportExpanded == nil else {
                throw OptionError(
                    "--export-expanded: expected a run that is not finished, found that of \(directory.path): repeat "
                        + "it with --resume never")
            }
        }
        guard case .finished(let result) = opening else { return }
        let error = result.error.map { String(format: ", test error %.2f %%", 100 * $0) } ?? ""
        let what = result.accuracy == nil ? phase.map { "the phase \($0.name) of " } ?? "" : ""
        progress.say(
            "\(directory.path) holds \(what)this run, finished\(error): nothing is done; --resume never repeats it, "
                + "and --init \(directory.file("model.safetensors")) begins another one from its model, in another "
                + "--run-dir")
    }

    /// Refuses ranks that do not see the run directory, where their parts of a checkpoint go.
    private func checkSharing(_ run: String) throws {
        try world.agree {
            // A network file system may show what was there before for a while: a minute is waited.
            for _ in 0..<300 {
                let text = try? String(contentsOfFile: directory.file("run.json"), encoding: .utf8)
                if text?.contains(run) == true { return }
                usleep(200_000)
            }
            throw TrainingError(
                "\(directory.path): expected a run directory that all ranks see, found none here: name one on a "
                    + "shared file system with --run-dir")
        }
    }

    private func checkpoints(of run: String, _ needs: Needs) throws -> Checkpoints {
        var options = Checkpoints.Options()
        // With what is small beside them: records, and blocks that a file begins.
        options.room = needs.files + (128 << 10)
        options.every = common.checkpointEvery
        if world.isRoot {
            let limit = TimeLimit(told: common.stopBefore?.date), progress = progress
            options.end = { limit.end }
            options.say = { progress.say($0) }
            options.warn = { progress.warn($0) }
        }
        // What tells the checkpoints of a phase from those of others of the same run.
        let phase = needs.phase.map { ", \($0.name) \($0.inputs)" } ?? ""
        let checkpoints = try Checkpoints(
            in: directory.file("checkpoints"), run: run + phase, options: options, on: world)
        if let every = common.checkReplicas { checkpoints.replicas = try ReplicaCheck(every: every, on: world) }
        if let kept = checkpoints.kept { progress.say("going on from \(kept)") }
        return checkpoints
    }
}
