import JobSupport
import Runs

extension MLPOptions {
    /// What the result depends on, by option name. What `--validate` chooses is not known yet.
    var described: [String: String] {
        var all = [
            "widths": widths.units.map(String.init).joined(separator: ","),
            "activation": activation.rawValue, "pretrain-epochs": "\(pretrainEpochs)", "dropout": "\(dropout)",
        ]
        all.merge(training.described(common, Self.defaults)) { $1 }
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
        all.merge(common.describedKernel(kinds)) { $1 }
        switch curriculum {
        case .fixed: break
        case .grow(let first, _): all["grow"] = "from \(first)"
        case .unfreeze(let epochs): all["unfreeze-after"] = "\(epochs)"
        case .alternate(let epochs): all["alternate"] = "\(epochs)"
        }
        return all
    }
}
