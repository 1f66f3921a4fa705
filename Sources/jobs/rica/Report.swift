import Foundation
import JobSupport
import Training

/// What the result depends on, by option name. What `--validate` chooses is not known yet.
func describe(_ settings: RICASettings, search: ValidationGrid?) -> [String: String] {
    func chosen(_ value: String, _ candidates: Int?) -> String { candidates ?? 1 > 1 ? RunRecord.byValidation : value }
    var all = [
        "dataset": settings.dataset, "seed": "\(settings.seed)", "patch": "\(settings.patch)", "patches": "\(settings.patches)",
        "features": "\(settings.features)", "norm": settings.norm.rawValue,
        "lambda": chosen("\(settings.lambda)", search?.lambdas.count),
        "iterations": chosen("\(settings.iterations)", search?.iterations.count),
        "encoder": chosen(settings.encoder.rawValue, search?.encoders.count),
        "C": chosen("\(settings.cost)", search?.costs.count),
    ]
    guard let learned = settings.learned else {
        all["dense"] = "true"
        return all
    }
    all.merge(
        [
            "learned": "\(learned)", "columns": "\(settings.columns)", "alpha": settings.alpha.rawValue, "dictionary": "se",
            "sigma": "\(settings.sigma)", "ridge": settings.ridge.map { "\($0)" } ?? "raw",
        ]) { $1 }
    return all
}

/// What the result does not depend on.
func circumstances(_ options: RICAOptions) -> [String: String] {
    let common = options.common
    return [
        "data": common.data ?? ProcessInfo.processInfo.environment["COLONNADE_DATA"] ?? "data", "phase": options.phase.rawValue,
        "compute": common.compute.rawValue, "threads": "\(common.threads)", "stall-after": "\(common.stallAfter)",
    ]
}

/// The derived sizes, as the banner and `--dry-run` show them.
func describe(_ plan: RICAPlan, ranks: Int, in banner: inout Banner) {
    banner.add(
        "parameters",
        plan.dynamicParameters == 0
            ? "\(plan.fullParameters), nothing predicted"
            : "\(plan.dynamicParameters) dynamic of \(plan.fullParameters), a proportion of \(String(format: "%.4f", plan.proportion))")
    banner.add(
        "traffic",
        "\(readable(bytes: plan.bytesPerStep)) of values a step, the busiest rank sends \(readable(bytes: plan.wireBytesPerStep))")
    let costs = plan.costs.map {
        "\($0.path.rawValue) \(String(format: "%.2f", $0.flops / 1e9)) GFLOP reading \(readable(bytes: Int($0.streamedBytes))), estimate \(String(format: "%.2f", $0.estimate / 1e9))"
    }
    banner.add("compute", "\(plan.path.rawValue)\(plan.path == plan.costs[0].path ? ", the cheapest" : ", as asked for"); a step and rank: \(costs.joined(separator: "; "))")
    banner.add(
        "memory",
        "about \(readable(bytes: plan.learningBytes)) a rank while learning, \(readable(bytes: plan.classifyingBytes)) while classifying")
}

/// The last lines of a run: what a newcomer came for.
func summarise(_ result: RunResult, ranks: Int, learned: Bool, directory: RunDirectory, progress: ProgressLog) {
    if let accuracy = result.accuracy {
        let interval = result.interval.map { String(format: " ± %.2f (90 %% interval over folds)", 100 * $0) } ?? ""
        progress.say(String(format: "accuracy   %.2f %%", 100 * accuracy) + interval)
    }
    if learned, ranks > 1, let steps = result.steps, result.dynamicParameters > 0 {
        let full = 4 * result.fullParameters
        progress.say(
            "bytes      \(readable(bytes: result.bytesPerStep)) of values a step instead of \(readable(bytes: full)): "
                + "\(readable(bytes: (full - result.bytesPerStep) * steps)) saved in \(steps) steps")
    }
    progress.say("time       \(String(format: "%.1f", result.seconds)) s")
    if learned { progress.say("pictures   \(directory.file("filters.png"))") }
    progress.say("results    \(directory.file("result.json"))")
}
