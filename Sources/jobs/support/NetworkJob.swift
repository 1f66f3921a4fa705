import DataParallel
import Datasets
import Foundation
import Layers
import LinearAlgebra
import Networks
import Parallel
import Runs

/// A job that trains a network: its options say which.
public struct NetworkJob {
    public var name: String
    public var common: CommonOptions
    public var exchange: ExchangeOptions
    /// What the result depends on, by option name, beside the exchange.
    public var settings: [String: String]
    /// The learning rates that `--validate` searches; nil: nothing is searched.
    public var rates: [Double]?
    public var validateEvery: Int?

    public init(
        name: String, common: CommonOptions, exchange: ExchangeOptions, settings: [String: String], rates: [Double]?,
        validateEvery: Int?
    ) {
        self.name = name
        self.common = common
        self.exchange = exchange
        self.settings = settings
        self.rates = rates
        self.validateEvery = validateEvery
    }

    /// Runs the job on one rank.
    ///
    /// - Parameter make: the settings for a data set.
    /// - Throws: `CollectiveError`, `MPIError`.
    public func run(on world: Communicator, _ make: (Dataset) throws -> NetworkSettings) throws {
        let job = JobRun(name, common: common, on: world)
        let data = try job.openData()
        var exchange = exchange
        exchange.reduction = common.reduction
        var settings = try world.agree { try make(data) }
        let all = data.train.images.count
        var initial: InitialModel?
        Allocation.purpose = "planning"
        let plan = try world.agree {
            if let used = settings.trainingImages, used > all {
                throw OptionError("--training-images: expected at most the \(all) of \(data.name), found \(used)")
            }
            try settings.check()
            if let path = common.initial {
                settings.initial = try InitialWeights.identity(of: path)
                initial = try InitialModel(path: path, for: settings.network)
            }
            return try NetworkPlan(
                settings, exchange: exchange, ranks: world.size, forced: common.compute.path,
                training: settings.trainingImages ?? all, files: all, test: data.test.images.count,
                initial: initial?.largestLayer)
        }
        if let initial, let identity = settings.initial { try initial.check(identity, on: world) }
        let described = describe(exchange)
        var needs = JobRun.Needs(
            settings: self.settings.merging(described.settings) { $1 }, memory: plan.bytes,
            // A line of predictions.csv has an index of up to nine digits and two classes.
            files: plan.modelBytes + data.test.images.count * 20 + settings.epochs * 128,
            exported: 4 * plan.stages[0].shape.expandedParameters)
        needs.settings["init"] = settings.initial
        needs.environment = described.environment
        if let line = initial?.warning(for: settings.preprocessing) { job.progress.warn(line) }
        try job.run(needs, data: data, describe: { plan.describe(in: &$0) }) { checkpoints in
            let result = try NetworkExperiment(
                settings: settings, plan: plan, initial: initial, exchange: exchange, rates: rates,
                validateEvery: validateEvery, data: data, communicator: world, directory: job.directory,
                checkpoints: checkpoints, progress: job.progress
            ).run(exportPath: common.exportExpanded)
            summarise(result, ranks: world.size, learned: true, directory: job.directory, progress: job.progress)
        }
    }
}

extension NetworkPlan {
    /// Adds the derived sizes, as the banner and `--dry-run` show them.
    func describe(in banner: inout Banner) {
        let network = stages[0].shape.network
        if network.hasMaps {
            var isFirst = true
            for place in network.places {
                guard case .layer(let layer, _) = place.kind, !place.isInPlace else { continue }
                banner.add(isFirst ? "layers" : "", "\(layer): \(place.input) → \(place.output)")
                isFirst = false
            }
        }
        banner.add(
            "parameters",
            dynamicParameters == 0
                ? "\(learnedParameters) learned, nothing predicted"
                : "\(dynamicParameters) dynamic of \(predictedWeights) weights of the predicted layers, a proportion "
                    + "of \(String(format: "%.4f", proportion)); \(learnedParameters) learned with biases and other "
                    + "layers"
        )
        banner.add(
            "traffic",
            "\(readable(bytes: bytesPerStep)) of values a step, the busiest rank sends "
                + "\(readable(bytes: wireBytesPerStep))"
        )
        // Turns are told once of each kind.
        let kinds = stages.enumerated().filter { number, stage in
            !stages[..<number].contains { $0.stage.isLike(stage.stage) }
        }
        for (number, stage) in kinds {
            if kinds.count > 1 {
                let epochs = stages.filter { $0.stage.isLike(stage.stage) }.reduce(0) { $0 + $1.stage.epochs.count }
                banner.add(
                    "stage \(number + 1)", "\(stage.shape.learnedValues) values learned; epochs like this: \(epochs)")
            }
            for (k, layer) in stage.layers.enumerated() {
                banner.add(k == 0 ? "compute" : "", "\(layer.name) \(layer.path.rawValue) of \(readable(layer.costs))")
            }
        }
        let held = ProcessMemory.resident
        banner.add(
            "memory",
            "about \(readable(bytes: bytes + held)) a rank, \(readable(bytes: held)) of it libraries and files that "
                + "are open"
        )
        for layer in stages[0].shape.layers.dropFirst() {
            guard let kind = layer.prediction?.dictionary, kind.traits.contains(.topology) else { continue }
            if layer.spec.grid.channels * layer.spec.grid.height == 1 {
                banner.add(
                    "note",
                    "\(layer.name): \(kind.name) is made for inputs on a grid, and takes the units before it as a line")
            }
        }
    }
}
