import Datasets
import DataParallel
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
        try world.agree { try common.checkRanks(world.size) }
        return try openDataset(common.dataset, data: common.data, on: world, logger)
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
        /// Whether the run goes on from a model of its directory.
        public var usesModel = false

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
    ///   - body: the work.
    /// - Throws: `CollectiveError`, `MPIError`; what `body` throws.
    public func run(
        _ needs: Needs, data: Dataset, describe: (inout Banner) -> Void, _ body: () throws -> Void
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
        try world.agreeOnRoot {
            try directory.open(record, usesModel: needs.usesModel, expecting: needs.files)
            try common.checkExport(bytes: needs.exported)
        }
        try body()
    }
}
