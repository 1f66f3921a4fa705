import DataParallel
import Datasets
import Foundation
import Layers
import LinearAlgebra
import Parallel
import Runs
import Storage

/// The weights that the training of a network starts from, where a file has them (`--init`).
public struct InitialModel: Sendable {
    private let weights: InitialWeights
    /// What the file's model was learned with; nil: it is of another program.
    private let settings: NetworkSettings?

    /// Finds the layers of a network in a file, and compares their shapes.
    ///
    /// - Throws: `DataError`.
    public init(path: String, for network: NetworkSpec) throws {
        weights = try InitialWeights(
            path: path,
            for: network.weighted.map {
                .init(name: $0.name, units: $0.units, grid: $0.grid, isConvolution: $0.convolution != nil)
            })
        let read = weights.settings.flatMap { try? decodeJSON(NetworkSettings.self, from: $0.utf8) }
        settings = read.flatMap { (try? $0.network.check()) == nil ? nil : $0 }
    }

    /// Refuses a file that another rank reads otherwise, which would lead them apart. Collective: a broadcast and an
    /// agreement.
    ///
    /// - Parameter identity: its name and a number of its content, by `InitialWeights.identity`.
    /// - Throws: `DataError` on every rank, `MPIError`.
    public func check(_ identity: String, on communicator: Communicator) throws {
        let own = Int64(checksum(Data(identity.utf8)))
        var first = own
        try withUnsafeMutablePointer(to: &first) {
            try communicator.broadcast(UnsafeMutableBufferPointer(start: $0, count: 1), from: 0)
        }
        try communicator.agree {
            guard first == own else {
                throw DataError(
                    weights.path, expected: "the same weights to start from (--init) on every rank",
                    found: "others than rank 0; name a file that all ranks share")
            }
        }
    }

    /// The most values of a layer in the file.
    public var largestLayer: Int { weights.largestLayer }

    /// A line about images that are prepared otherwise than those that the file was learned on; nil: they are not.
    public func warning(for images: Preprocessing?) -> String? {
        guard let settings, settings.preprocessing != images else { return nil }
        func name(_ choice: Preprocessing?) -> String { choice?.rawValue ?? "none" }
        return "--init: \(weights.path) was learned with --preprocess \(name(settings.preprocessing)), this run has "
            + name(images)
    }

    /// Whether a layer keeps the U of the file: it is predicted as there, at the same α, by a U that was made from
    /// data or learned, and so cannot be made again.
    ///
    /// - Throws: `DataError`.
    func keepsDictionary(of layer: NetworkModel.Layer, number k: Int, in run: NetworkSettings) throws -> Bool {
        guard let prediction = layer.shape.prediction, run.curriculum.proportions.isEmpty,
            prediction.dictionary.need != nil
                || run.stages.contains(where: { run.curriculum.learns(prediction.dictionary, in: $0) }),
            weights.grid(ofLayer: k).count == layer.weights.grid.count, let layers = settings?.network.weighted,
            layers.count > k, layers[k].weights == prediction
        else { return false }
        let alphas = try weights.alphas(ofLayer: k)
        return alphas == layer.weights.columns.map(\.alpha) && layers[k].grid == layer.shape.spec.grid
    }

    /// Gives a layer its start: the w of the file where U is the same, else the w that predicts the file's weights
    /// best, and the file's biases. Collective: an agreement, and broadcasts of the values and of a U that is kept.
    ///
    /// - Throws: `CollectiveError`, `MPIError`.
    func start(
        _ layer: NetworkModel.Layer, number k: Int, keepsDictionary: Bool, communicator: Communicator,
        progress: ProgressLog
    ) throws {
        // Rank 0 alone: another kind of processor rounds otherwise.
        try communicator.agreeOnRoot {
            let found = try weights.layer(k), new = layer.weights
            if keepsDictionary {
                for (column, old) in zip(new.columns, found.weights.columns) {
                    column.dictionary!.copy(from: old.dictionary!)
                }
            }
            let said = try found.start(
                of: new, into: layer.values.columns(0..<new.valuesPerUnit), named: layer.name, in: weights.path)
            progress.say(said)
            for (unit, bias) in found.biases.enumerated() { layer.values[unit, new.valuesPerUnit] = bias }
        }
        try communicator.broadcast(layer.values.elements, from: 0)
        if keepsDictionary { try layer.weights.broadcastDictionaries(on: communicator) }
    }
}
