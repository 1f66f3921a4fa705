import Foundation
import JobSupport
import Layers
import Training

/// What the result depends on, by option name.
func describe(_ settings: MLPSettings, searches: Bool) -> [String: String] {
    var all = [
        "dataset": settings.dataset, "seed": "\(settings.seed)", "widths": settings.widths.map(String.init).joined(separator: ","),
        "activation": settings.activation.rawValue, "batch": "\(settings.batch)", "epochs": "\(settings.epochs)",
        "pretrain-epochs": "\(settings.pretrainEpochs)",
        "learning-rate": searches ? RunRecord.byValidation : "\(settings.learningRate)",
        "schedule": settings.schedule.rawValue, "momentum": "\(settings.descent.momentum)",
        "weight-decay": "\(settings.descent.weightDecay)", "max-norm": settings.descent.maxNorm.map { "\($0)" } ?? "0",
        "dropout": "\(settings.dropout)",
    ]
    guard let learned = settings.learned else {
        all["dense"] = "true"
        return all
    }
    all.merge(
        [
            "learned": "\(learned)", "columns": "\(settings.columns)", "alpha": settings.alpha.rawValue,
            "dictionary": settings.dictionaries.map(\.rawValue).joined(separator: ","),
        ]) { $1 }
    if settings.dictionaries.contains(.se) { all["sigma"] = settings.sigma.map { "\($0)" } ?? "auto" }
    if let growth = settings.growth { all["grow"] = "from \(growth)" }
    if let epochs = settings.unfreezeAfter { all["unfreeze-after"] = "\(epochs)" }
    if let epochs = settings.alternate { all["alternate"] = "\(epochs)" }
    if settings.dictionaries.contains(where: \.isKernel) {
        all["ridge"] = settings.raw ? "raw" : settings.ridge.map { "\($0)" } ?? "by dictionary"
    }
    return all
}

/// The derived sizes, as the banner and `--dry-run` show them.
func describe(_ plan: MLPPlan, in banner: inout Banner) {
    banner.add(
        "parameters",
        plan.dynamicParameters == 0
            ? "\(plan.learnedParameters) learned, nothing predicted"
            : "\(plan.dynamicParameters) dynamic of \(plan.predictedWeights) weights of the predicted layers, a proportion of "
                + "\(String(format: "%.4f", plan.proportion)); \(plan.learnedParameters) learned with biases and other layers")
    banner.add(
        "traffic",
        "\(readable(bytes: plan.bytesPerStep)) of values a step, the busiest rank sends \(readable(bytes: plan.wireBytesPerStep))")
    // Turns are told once of each kind.
    let kinds = plan.stages.enumerated().filter { number, stage in !plan.stages[..<number].contains { $0.stage.isLike(stage.stage) } }
    for (number, stage) in kinds {
        if kinds.count > 1 {
            let epochs = plan.stages.filter { $0.stage.isLike(stage.stage) }.reduce(0) { $0 + $1.stage.epochs.count }
            banner.add("stage \(number + 1)", "\(stage.learned) values learned; epochs like this: \(epochs)")
        }
        for (k, costs) in stage.costs.enumerated() {
            banner.add(k == 0 ? "compute" : "", "\(plan.layerNames[k]) \(stage.paths[k].rawValue) of \(readable(costs))")
        }
    }
    let held = ProcessMemory.resident
    banner.add(
        "memory", "about \(readable(bytes: plan.bytes + held)) a rank, \(readable(bytes: held)) of it libraries and files that are open")
}
