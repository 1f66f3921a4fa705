import Layers
import LinearAlgebra
import Parallel
import Runs
import Storage

/// The features that learning starts from, where a file has them (`--init`).
public struct InitialFeatures: Sendable {
    /// On rank 0 alone.
    private let layer: InitialWeights.Layer?
    private let path: String

    /// Reads a model of this job, or dense weights of one layer, on rank 0.
    ///
    /// - Throws: `DataError`.
    public init(path: String, settings: RICASettings, channels: Int, isRoot: Bool) throws {
        self.path = path
        guard isRoot else {
            layer = nil
            return
        }
        let grid = settings.grid(channels: channels), units = settings.features
        guard try InitialWeights.open(path).metadata["format"] == RICAModel.format else {
            layer = try InitialWeights(
                path: path, for: [.init(name: "layer", units: units, grid: grid, isConvolution: false)]
            ).layer(0)
            return
        }
        let model = try RICAModel.read(from: path).model, found = model.weights
        guard found.grid == grid, found.units == units else {
            throw DataError(
                message: "\(path): expected \(units) features of \(grid) to start from, found \(found.units) of "
                    + "\(found.grid); give another file, or --features and --patch as there")
        }
        layer = InitialWeights.Layer(weights: found, values: model.values)
    }

    /// The w that predicts the features best. Collective: an agreement and a broadcast.
    ///
    /// - Throws: `CollectiveError`, `MPIError`.
    func values(
        for weights: PredictedWeights, communicator: Communicator, progress: ProgressLog
    ) throws -> Matrix<Float> {
        let values = Matrix<Float>(rows: weights.units, columns: weights.valuesPerUnit)
        // Rank 0 alone: another kind of processor rounds otherwise.
        try communicator.agreeOnRoot {
            let said = try layer!.start(of: weights, into: values, named: "the layer", in: path)
            progress.say(said)
        }
        try communicator.broadcast(values.elements, from: 0)
        return values
    }
}
