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
            "sigma": settings.sigma.map { "\($0)" } ?? "auto", "ridge": settings.ridge.map { "\($0)" } ?? "raw",
        ]) { $1 }
    return all
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
    banner.add(
        "compute",
        "\(plan.path.rawValue)\(plan.path == plan.costs[0].path ? ", the cheapest" : ", as asked for"); a step and rank: "
            + readable(plan.costs))
    banner.add(
        "memory",
        "about \(readable(bytes: plan.learningBytes)) a rank while learning, \(readable(bytes: plan.classifyingBytes)) while classifying")
}
