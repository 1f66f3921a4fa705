import Datasets
import JobSupport
import LinearAlgebra
import Logging
import Parallel
import Training

/// The job on one rank: opens the data, says what will be done, runs, sums up.
func runRICA(_ options: RICAOptions, on world: Communicator) throws {
    let common = options.common
    let logger = Logger(label: "rica") { StreamLogHandler.standardError(label: $0) }
    let progress = ProgressLog(style: common.progress, speaks: world.isRoot)
    let directory = RunDirectory(path: common.runDir ?? "runs/rica-\(common.dataset)")
    let (stored, settings, data) = try world.agree {
        try common.checkRanks(world.size)
        let model = options.model ?? directory.file("model.safetensors")
        let stored = options.phase.usesModel ? try RICAModel.read(from: model) : nil
        let settings = try stored.map { try options.settings(of: $0.settings) } ?? options.settings
        let data = try Dataset.open(common.dataset, data: common.data)
        try data.checkLabels()
        try data.checkImages()
        if let stored, stored.settings.dataset == data.name {
            try stored.model.checkPatches(in: data.unlabelled, path: model)
        }
        if let grid = stored?.model.weights.grid, grid.channels != data.shape.channels {
            throw OptionError(
                "--dataset: the model was learned on images of \(grid.channels) channels, found \(common.dataset) with "
                    + "\(data.shape.channels)")
        }
        let side = min(data.unlabelled.shape.height, data.unlabelled.shape.width)
        guard settings.patch <= side else {
            throw OptionError("--patch: expected at most \(side), the side of the images of \(common.dataset), found \(settings.patch)")
        }
        return (stored, settings, data)
    }
    try checkSameData(data, on: world)
    try checkOrigin(of: data, on: world, logger)
    let weights = try world.agree {
        if let stored { return stored.model.weights }
        do { return try settings.makeWeights(channels: data.shape.channels) } catch let error as FactorisationError {
            throw OptionError(
                "the dictionary se cannot be made with --sigma \(settings.sigma.map { "\($0)" } ?? "auto") and --ridge "
                    + "\(settings.ridge ?? 0): \(error), and so does a smaller σ")
        }
    }
    let images = data.folds?.first?.count ?? data.train.images.count
    let plan = RICAPlan(
        settings: settings, weights: weights, ranks: world.size, forced: common.compute.path, order: common.reduction,
        training: data.train.images.count, fold: images, folds: data.folds?.count ?? 1, test: data.test.images.count,
        classes: data.classes)
    let record = RunRecord(
        job: "rica", settings: describe(settings, search: options.search).merging(common.reductionSetting) { $1 },
        circumstances: circumstances(common, data: data).merging(["phase": options.phase.rawValue]) { $1 },
        communicator: world, hosts: try world.hostNames())

    var banner = Banner(job: "rica", record: record)
    describe(plan, ranks: world.size, in: &banner)
    banner.print(with: progress)
    if world.isRoot {
        warnOfSlowKernels(logger)
        if !weights.isDense, settings.columns % world.size != 0 {
            logger.warning(
                "\(world.size) ranks do not divide \(settings.columns) columns: ranks own parts of columns, which costs nothing but tidiness")
        }
    }
    let (memory, disk) = plan.needs(of: options.phase, searches: options.search != nil)
    try checkMemory(memory, hosts: record.hosts, isDryRun: common.dryRun, logger: logger, on: world)
    if common.dryRun { return }

    try world.agreeOnRoot {
        try directory.open(record, usesModel: options.phase.usesModel, expecting: disk)
        try common.checkExport(bytes: 4 * plan.fullParameters)
    }
    var request = RICAExperiment.Request()
    request.phase = options.phase
    request.stored = stored
    request.path = common.compute.path
    request.reduction = common.reduction
    request.exportPath = common.exportExpanded
    request.search = options.search
    let result = try RICAExperiment(
        settings: settings, weights: weights, request: request, data: data, communicator: world, directory: directory, progress: progress,
        plan: plan
    ).run()
    summarise(
        result, ranks: world.size, learned: options.phase == .learn || options.phase == .all, directory: directory, progress: progress)
}
