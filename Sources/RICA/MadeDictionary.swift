import DataParallel
import Layers

/// The U of a layer that was made from patches: a checkpoint keeps it, so that it is not made again.
final class MadeDictionary: Checkpointable {
    private let weights: PredictedWeights

    init(_ weights: PredictedWeights) { self.weights = weights }

    func archive(to archive: StateArchive) throws {
        for (j, column) in weights.columns.enumerated() {
            if let u = column.dictionary { try archive.matrix("U.\(j)", u, .replicated) }
        }
    }
}
