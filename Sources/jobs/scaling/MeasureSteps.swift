import DataParallel
import Datasets
import Foundation
import JobSupport
import Layers
import LinearAlgebra
import Logging
import Parallel
import Runs
import Scaling

/// `scaling run` on one rank: measures every configuration, adds its row to the table at once, and prints all of them
/// at the end.
func measureSteps(_ options: RunCommand, on world: Communicator) throws {
    let settings = try options.settings, proportions = try options.proportions
    let progress = ProgressLog(style: .line, speaks: world.isRoot)
    let file = MeasurementFile(
        path: options.measuring.csv ?? "runs/scaling/scaling.csv", columns: StepMeasurement.columnNames,
        key: StepMeasurement.key, formerNames: StepMeasurement.formerNames, newColumns: StepMeasurement.newColumns)
    try world.agreeOnRoot { try file.check() }
    if let fixed = try options.exchanges.first(where: { !$0.reduction.works(ranks: world.size) }) {
        try world.agree {
            throw OptionError(
                "--exchange \(fixed.label): expected 1 to \(ShardTree.shards) ranks, one for each shard of the "
                    + "samples, found \(world.size): start fewer, or leave it out")
        }
    }
    let batch = settings.globalBatch(ranks: world.size)
    if !ScalingTable.batch.contains(batch) {
        try world.agree {
            throw OptionError(
                "--batch: expected at most \(ScalingTable.batch.upperBound) samples of all ranks, found \(batch) with "
                    + "--mode weak on \(world.size): give less")
        }
    }
    let placement = try Placement(world, threads: options.measuring.threads)
    let record = RunRecord(
        job: "scaling run", settings: try describe(options), environment: ["threads": "\(options.measuring.threads)"],
        communicator: world, hosts: placement.hostNames)
    Banner(job: "scaling run", record: record).print(with: progress)
    let logger = Logger(label: "scaling") { StreamLogHandler.standardError(label: $0) }
    if world.isRoot { warnOfSlowKernels(logger) }

    var measured: [StepMeasurement] = []
    func keep(_ step: StepMeasurement) throws {
        measured.append(step)
        try world.agreeOnRoot { try file.add(step.fields) }
        let configuration = step.configuration
        progress.say(
            "measured \(configuration.exchange.label)"
                + String(format: ", %g learned: %.3f ms a step", configuration.learned, 1e3 * step.times[.step]!.median)
        )
    }
    switch options.job {
    case .mlp, .convnet:
        let inputs = try options.inputs.map(MeasuredInputs.noise) ?? .images(
            openDataset(options.dataset ?? "sample", data: options.data, on: world, logger))
        let network = try world.agree {
            do { return try options.network(inputs) } catch { throw OptionError("--layers: \(error)") }
        }
        let steps = NetworkSteps(
            settings, network: network, inputs: inputs, placement: placement, communicator: world)
        for learned in proportions {
            for exchange in try options.exchanges { try keep(steps.measure(learned: learned, exchange: exchange)) }
        }
    case .rica:
        let patch = options.inputs ?? TensorShape(channels: 3, height: 10, width: 10)
        let steps = RICASteps(
            settings, features: try options.units[0], patch: patch, placement: placement, communicator: world)
        for learned in proportions { try keep(steps.measure(learned: learned)) }
    }
    for line in describe(measured) { progress.say(line) }
    progress.say("table      \(options.measuring.csv ?? "runs/scaling/scaling.csv")")
}

/// The settings by option name, for the banner.
private func describe(_ options: RunCommand) throws -> [String: String] {
    let settings = try options.settings
    var all = [
        "job": options.job.rawValue, "batch": "\(settings.batch)", "mode": settings.mode.rawValue,
        "learned": options.learned, "steps": "\(settings.steps)", "warm-up": "\(settings.warmUp)",
        "link": settings.link,
    ]
    if let inputs = options.inputs { all["inputs"] = "\(inputs)" }
    if options.job == .convnet {
        all["layers"] = LayerText.normalised(options.layers ?? LayerText.figure5)
        all["window"] = (options.window ?? .cut).rawValue
    } else {
        all["widths"] = try options.units.map(String.init).joined(separator: ",")
        all["columns"] = "\(settings.columns)"
    }
    if options.job == .mlp { all["activation"] = (options.activation ?? .relu).rawValue }
    if options.job != .rica {
        if options.inputs == nil { all["dataset"] = options.dataset ?? "sample" }
        all["exchange"] = try options.exchanges.map(\.label).joined(separator: ",")
    }
    return all
}
