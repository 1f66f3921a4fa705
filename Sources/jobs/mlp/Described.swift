import JobSupport
import Runs

extension MLPOptions {
    /// What the result depends on, by option name. What `--validate` chooses is not known yet.
    var described: [String: String] {
        let searches = rates?.count ?? 0 > 1
        var all = [
            "dataset": common.dataset, "seed": "\(common.seed ?? 1)",
            "widths": widths.units.map(String.init).joined(separator: ","),
            "activation": activation.rawValue, "batch": "\(batch)", "epochs": "\(epochs)",
            "pretrain-epochs": "\(pretrainEpochs)",
            "learning-rate": searches ? RunRecord.byValidation : "\(learningRate ?? 0.1)",
            "schedule": schedule.rawValue, "momentum": "\(momentum)", "weight-decay": "\(weightDecay)",
            "max-norm": maxNorm == 0 ? "0" : "\(maxNorm)", "dropout": "\(dropout)",
        ]
        // Runs of before have no such setting.
        if start != .uniform { all["start"] = start.rawValue }
        let kinds = dictionaries.compactMap(\.self)
        guard !kinds.isEmpty else {
            all["dense"] = "true"
            return all
        }
        all.merge(
            [
                "learned": "\(proportion)", "columns": "\(columns)", "alpha": (common.alpha ?? .distinct).rawValue,
                "dictionary": dictionaries.map { $0?.name ?? "dense" }.joined(separator: ","),
            ]) { $1 }
        if kinds.contains(.se) { all["sigma"] = kernel.sigma.map { "\($0)" } ?? "auto" }
        switch curriculum {
        case .fixed: break
        case .grow(let first, _): all["grow"] = "from \(first)"
        case .unfreeze(let epochs): all["unfreeze-after"] = "\(epochs)"
        case .alternate(let epochs): all["alternate"] = "\(epochs)"
        }
        if kinds.contains(where: { $0.traits.contains(.kernel) }) {
            all["ridge"] =
                switch kernel.form {
                case .raw: "raw"
                case .ridge(let ridge): "\(ridge)"
                case nil: "by dictionary"
                }
        }
        return all
    }
}
