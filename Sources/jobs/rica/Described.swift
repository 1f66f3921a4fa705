import Foundation
import JobSupport
import RICA
import Runs

/// What the result depends on, by option name. What `--validate` chooses is not known yet.
func describe(_ settings: RICASettings, search: ValidationGrid?) -> [String: String] {
    func chosen(_ value: String, _ candidates: Int?) -> String { candidates ?? 1 > 1 ? RunRecord.byValidation : value }
    var all = [
        "dataset": settings.dataset, "seed": "\(settings.seed)", "patch": "\(settings.patch)",
        "patches": "\(settings.patches)",
        "features": "\(settings.features)", "norm": settings.norm.rawValue,
        "lambda": chosen("\(settings.lambda)", search?.lambdas.count),
        "iterations": chosen("\(settings.iterations)", search?.iterations.count),
        "encoder": chosen(settings.encoder.rawValue, search?.encoders.count),
        "C": chosen("\(settings.cost)", search?.costs.count),
    ]
    all["init"] = settings.initial
    guard let learned = settings.learned else {
        all["dense"] = "true"
        return all
    }
    let kind = settings.prediction!.dictionary
    all.merge(
        [
            "learned": "\(learned)", "columns": "\(settings.columns)", "alpha": settings.alpha.rawValue,
            "dictionary": kind.name,
        ]) { $1 }
    if kind == .se { all["sigma"] = settings.sigma.map { "\($0)" } ?? "auto" }
    if settings.isOrthonormal == true {
        all["basis"] = "orthonormal"
    } else if kind.traits.contains(.kernel) {
        all["ridge"] = settings.ridge.map { "\($0)" } ?? "raw"
    }
    if let source = settings.madeFrom { all["dictionary-from"] = source.rawValue }
    return all
}

extension RICAPlan {
    /// Adds the derived sizes, as the banner and `--dry-run` show them.
    func describe(in banner: inout Banner) {
        banner.add(
            "parameters",
            dynamicParameters == 0
                ? "\(fullParameters), nothing predicted"
                : "\(dynamicParameters) dynamic of \(fullParameters), a proportion of "
                    + "\(String(format: "%.4f", proportion))"
        )
        banner.add(
            "traffic",
            "\(readable(bytes: bytesPerStep)) of values a step, the busiest rank sends "
                + "\(readable(bytes: wireBytesPerStep))"
        )
        banner.add(
            "compute",
            "\(path.rawValue)\(path == costs[0].path ? ", the cheapest" : ", as asked for"); a step and rank: "
                + readable(costs))
        banner.add(
            "memory",
            "about \(readable(bytes: learningBytes)) a rank while learning, \(readable(bytes: classifyingBytes)) "
                + "while classifying"
        )
    }
}
