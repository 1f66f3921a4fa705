import DataParallel
import Layers

/// A layer whose U is made from patches: a checkpoint keeps it, so that it is not made again.
final class MadeDictionary: Checkpointable {
    /// U is zeros until it is made.
    private(set) var weights: PredictedWeights
    private var isMade = false

    init(empty weights: PredictedWeights) { self.weights = weights }

    func take(_ made: PredictedWeights) {
        weights = made
        isMade = true
    }

    func archive(to archive: StateArchive) throws {
        try archive.flag("made", &isMade)
        guard isMade else { return }
        for (j, column) in weights.columns.enumerated() {
            try archive.matrix("U.\(j)", column.dictionary!, .replicated)
        }
    }
}
