import Datasets
import JobSupport
import LinearAlgebra
import Parallel
import RICA
import Runs

/// The job on one rank: opens the data, says what will be done, runs, sums up.
func runRICA(_ options: RICAOptions, on world: Communicator) throws {
    let common = options.common, job = JobRun("rica", common: common, on: world)
    let data = try job.openData()
    let (stored, settings) = try world.agree {
        let model = options.model ?? job.directory.file("model.safetensors")
        let stored = options.phase.usesModel ? try RICAModel.read(from: model) : nil
        var settings = try stored.map { try options.settings(of: $0.settings) } ?? options.settings
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
            throw OptionError(
                "--patch: expected at most \(side), the side of the images of \(common.dataset), found "
                    + "\(settings.patch)"
            )
        }
        if let path = common.initial { settings.initial = try InitialWeights.identity(of: path) }
        return (stored, settings)
    }
    let images = data.folds?.first?.count ?? data.train.images.count
    let plan = try world.agree {
        if stored == nil {
            let grid = settings.grid(channels: data.shape.channels)
            try settings.prediction?.check(of: grid, seed: settings.seed, layer: 0)
        }
        return RICAPlan(
            settings: settings, weights: try settings.shape(channels: data.shape.channels), ranks: world.size,
            forced: common.compute.path, order: common.reduction, training: data.train.images.count, fold: images,
            folds: data.folds?.count ?? 1, test: data.test.images.count, classes: data.classes)
    }
    let initial = try world.agree {
        try common.initial.map {
            try InitialFeatures(
                path: $0, settings: settings, channels: data.shape.channels, isRoot: world.isRoot)
        }
    }
    let (memory, disk) = plan.needs(of: options.phase, searches: options.search != nil)
    var needs = JobRun.Needs(
        settings: describe(settings, search: options.search), memory: memory, files: disk,
        exported: 4 * plan.fullParameters)
    needs.environment = ["phase": options.phase.rawValue]
    needs.phase = options.phase.run(settings, model: stored?.model)
    func tell(_ banner: inout Banner) {
        plan.describe(in: &banner)
        if settings.learned != nil, settings.columns % world.size != 0 {
            banner.add(
                "note",
                "\(world.size) ranks do not divide \(settings.columns) columns: ranks own parts of columns, which "
                    + "costs nothing but tidiness"
            )
        }
    }
    try job.run(needs, data: data, describe: tell) { checkpoints in
        var request = RICAExperiment.Request()
        request.phase = options.phase
        request.runPhase = needs.phase
        request.stored = stored
        request.initial = initial
        request.path = common.compute.path
        request.reduction = common.reduction
        request.exportPath = common.exportExpanded
        request.search = options.search
        let result = try RICAExperiment(
            settings: settings, request: request, data: data, communicator: world, directory: job.directory,
            checkpoints: checkpoints, progress: job.progress, plan: plan
        ).run()
        summarise(
            result, ranks: world.size, learned: options.phase == .learn || options.phase == .all,
            directory: job.directory,
            progress: job.progress)
    }
}

extension RICAExperiment.Phase {
    /// The phase as the run directory knows it; nil: it is the whole run.
    fileprivate func run(_ settings: RICASettings, model: RICAModel?) -> RunPhase? {
        let number = model.map { "model \($0.fingerprint), encoder \(settings.encoder.rawValue)" } ?? ""
        return switch self {
        case .learn: RunPhase(rawValue, inputs: "", leaves: "model.safetensors", usesModel: false)
        case .encode: RunPhase(rawValue, inputs: number, leaves: "features.safetensors", usesModel: true)
        case .classify:
            RunPhase(rawValue, inputs: "\(number), C \(settings.cost)", leaves: "predictions.csv", usesModel: true)
        case .all: nil
        }
    }
}
