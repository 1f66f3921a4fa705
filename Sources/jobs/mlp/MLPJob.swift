import Datasets
import JobSupport
import Layers
import LinearAlgebra
import Logging
import Parallel
import Training

/// The job on one rank: opens the data, says what will be done, runs, sums up.
func runMLP(_ options: MLPOptions, on world: Communicator) throws {
    let common = options.common
    let settings = options.settings
    var exchange = options.exchange.options
    exchange.reduction = common.reduction
    let logger = Logger(label: "mlp") { StreamLogHandler.standardError(label: $0) }
    let progress = ProgressLog(style: common.progress, speaks: world.isRoot)
    let directory = RunDirectory(path: common.runDir ?? "runs/mlp-\(common.dataset)")
    let data = try world.agree {
        try common.checkRanks(world.size)
        let data = try Dataset.open(common.dataset, data: common.data)
        try data.checkLabels()
        try data.checkImages()
        return data
    }
    try checkSameData(data, on: world)
    try checkOrigin(of: data, on: world, logger)
    Allocation.purpose = "planning"
    let plan = try world.agree {
        do {
            return try MLPPlan(
                settings: settings, shape: data.shape, classes: data.classes, exchange: exchange, ranks: world.size,
                forced: common.compute.path, training: data.train.images.count)
        } catch let error as FactorisationError {
            throw OptionError(
                "the dictionary se cannot be made with --sigma \(settings.sigma.map { "\($0)" } ?? "auto") and --ridge "
                    + "\(settings.ridge ?? SquaredExponential.defaultRidge): \(error), and so does a smaller σ")
        }
    }
    let record = RunRecord(
        job: "mlp",
        settings: describe(settings, searches: options.rates?.count ?? 0 > 1)
            .merging(describe(exchange).settings) { $1 }
            .merging(common.reductionSetting) { $1 },
        circumstances: circumstances(common, data: data).merging(describe(exchange).circumstances) { $1 },
        communicator: world, hosts: try world.hostNames())

    var banner = Banner(job: "mlp", record: record)
    describe(plan, in: &banner)
    for (k, name) in settings.dictionaries.enumerated().dropFirst() where name.hasTopology {
        banner.add(
            "note",
            "hidden\(k + 1): \(name.rawValue) is made for inputs on a grid, and takes the units before it as a line")
    }
    banner.print(with: progress)
    if world.isRoot { warnOfSlowKernels(logger) }
    try checkMemory(plan.bytes, hosts: record.hosts, isDryRun: common.dryRun, logger: logger, on: world)
    if common.dryRun { return }

    try world.agreeOnRoot {
        // A line of predictions.csv has an index of up to nine digits and two classes.
        try directory.open(record, expecting: plan.modelBytes + data.test.images.count * 20)
        try common.checkExport(bytes: 4 * plan.denseParameters)
    }
    let result = try MLPExperiment(
        settings: settings, plan: plan, exchange: exchange, rates: options.rates, validateEvery: options.validateEvery,
        data: data, communicator: world,
        directory: directory, progress: progress
    ).run(exportPath: common.exportExpanded)
    summarise(result, ranks: world.size, learned: true, directory: directory, progress: progress)
}
