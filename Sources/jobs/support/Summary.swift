import Datasets
import Foundation
import Runs

/// What a job's result does not depend on.
func environment(_ common: CommonOptions, data: Dataset) -> [String: String] {
    [
        "data": data.folder, "compute": common.compute.rawValue,
        "threads": "\(common.threads)", "stall-after": "\(common.stallAfter)",
    ]
}

/// The last lines of a run: what a newcomer came for.
public func summarise(_ result: RunResult, ranks: Int, learned: Bool, directory: RunDirectory, progress: ProgressLog) {
    if let accuracy = result.accuracy {
        let interval = result.interval.map { String(format: " ± %.2f (90 %% interval over folds)", 100 * $0) } ?? ""
        progress.say(String(format: "accuracy   %.2f %%", 100 * accuracy) + interval)
    }
    if learned, ranks > 1, let steps = result.steps, result.dynamicParameters > 0 {
        let dense = 4 * (result.denseParameters ?? result.fullParameters), saved = (dense - result.bytesPerStep) * steps
        if saved > 0 {
            progress.say(
                "bytes      \(readable(bytes: result.bytesPerStep)) of values a step instead of "
                    + "\(readable(bytes: dense)): \(readable(bytes: saved)) saved in \(steps) steps")
        }
    }
    progress.say("time       \(String(format: "%.1f", result.seconds)) s")
    if learned { progress.say("pictures   \(directory.file("filters.png"))") }
    progress.say("results    \(directory.file("result.json"))")
}
