import DataParallel
import Layers
import LinearAlgebra
import Storage

extension NetworkModel {
    /// Hands over what a model has learned, and every U that cannot be made again from the settings alone.
    ///
    /// - Parameter start: the model that training starts from, whose U are stored by themselves.
    /// - Throws: `DataError`; `DictionaryError` for a dictionary that cannot be made.
    func archive(to archive: StateArchive, beside start: NetworkModel? = nil) throws {
        for (k, layer) in layers.enumerated() {
            try archive.matrix("\(layer.name).values", layer.values, .replicated)
            guard let prediction = layer.shape.prediction else { continue }
            if start == nil, prediction.dictionary.need != nil { try archiveDictionary(k, to: archive) }
            let isMade = layer.hasLearnedDictionary || prediction.dictionary.need != nil
            for (j, column) in layer.weights.columns.enumerated() where isMade {
                // A U of the start's α is the start's, unless it was learned.
                let old = start?.layers[k].weights.columns[j]
                if layer.hasLearnedDictionary || column.alpha != old?.alpha {
                    try archive.matrix("\(layer.name).U.\(j)", column.dictionary!, .replicated)
                }
            }
        }
    }

    /// Hands over what a dictionary was made from, where later stages make more U of it.
    private func archiveDictionary(_ k: Int, to archive: StateArchive) throws {
        let layer = layers[k], prediction = layer.shape.prediction!, name = layer.name
        let grid = prediction.dictionaryGrid(of: layer.shape.spec.grid)
        var isMade = layer.data != nil
        try archive.flag("\(name).dictionary", &isMade)
        guard isMade else { return }
        let data: DictionaryData
        switch prediction.dictionary.need! {
        case .covariance:
            let matrix: Matrix<Double> =
                if case .covariance(let matrix)? = layer.data { matrix } else {
                    Matrix(rows: grid.positions, columns: grid.positions)
                }
            try archive.matrix("\(name).covariance", matrix, .replicated)
            data = .covariance(matrix)
        case .centres, .autoencoder:
            let matrix: Matrix<Float> =
                if case .atoms(let matrix)? = layer.data { matrix } else {
                    Matrix(rows: prediction.dictionary.atoms(of: grid), columns: grid.positions)
                }
            try archive.matrix("\(name).atoms", matrix, .replicated)
            data = .atoms(matrix)
        }
        if archive.isRestoring { try take(data, layer: k) }
    }
}

/// Learned values that are a part of a run's state by themselves.
final class ValuesState: Checkpointable {
    private let values: LearnedValues

    init(_ values: LearnedValues) { self.values = values }

    func archive(to archive: StateArchive) throws { try archive.matrix("all", values.flat, .replicated) }
}
