import DataParallel
import Datasets
import LinearAlgebra
import Runs
import Storage

/// features.safetensors, which the phase encode leaves for the phase classify.
extension RICAExperiment {
    private static let featuresFormat = "colonnade features 1"

    /// Writes features.safetensors: the encoded images of both sets with their labels.
    func store(_ images: (train: EncodedImages, test: EncodedImages), of model: RICAModel) throws {
        var file = Safetensors(
            metadata: [
                "format": RICAExperiment.featuresFormat, "encoder": settings.encoder.rawValue,
                "model": model.fingerprint,
            ])
        for (name, set) in [("train", images.train), ("test", images.test)] {
            let all = Matrix<Float>(rows: communicator.isRoot ? set.total : 0, columns: set.features.columns)
            var labels: [Int32] = []
            let ranges = (0..<communicator.size).map {
                set.order.parts(of: set.total, rank: $0, ranks: communicator.size).range
            }
            // Rank by rank through a broadcast, so that only rank 0 holds the whole.
            for rank in 0..<communicator.size {
                let own = rank == communicator.rank
                let part = own ? set.features : Matrix<Float>(rows: ranges[rank].count, columns: set.features.columns)
                try communicator.broadcast(part.elements, from: rank)
                var partLabels = own ? set.labels : [Int32](repeating: 0, count: ranges[rank].count)
                try partLabels.withUnsafeMutableBufferPointer { try communicator.broadcast($0, from: rank) }
                if communicator.isRoot { all.rows(ranges[rank]).copy(from: part) }
                labels += partLabels
            }
            if communicator.isRoot {
                file.set("\(name).features", all)
                file.set("\(name).labels", labels)
            }
        }
        try communicator.agreeOnRoot { try directory.write("features.safetensors") { try file.write(to: $0) } }
    }

    /// This rank's part of features.safetensors.
    func storedFeatures(of model: RICAModel) throws -> (train: EncodedImages, test: EncodedImages) {
        let path = directory.file("features.safetensors"), width = 4 * model.encoder.width * model.weights.units
        let again = "encode again with --phase encode --resume never"
        return try communicator.agree {
            guard try fileStatus(path) != nil else {
                throw DataError(
                    message:
                        "\(path): expected features of this model, found no such file: encode first with --phase encode"
                )
            }
            let file = try Safetensors(path: path)
            guard file.metadata["format"] == RICAExperiment.featuresFormat else {
                throw DataError(
                    message: "\(path): expected features of the job rica, found another safetensors file: "
                        + "\(again)")
            }
            guard file.metadata["encoder"] == settings.encoder.rawValue else {
                throw DataError(
                    message: "\(path): expected features of the encoder \(settings.encoder.rawValue), found "
                        + "\(file.metadata["encoder"]?.escaped ?? "none"): \(again)")
            }
            guard file.metadata["model"] == model.fingerprint else {
                throw DataError(
                    message:
                        "\(path): expected features of this model, found those of another: \(again)"
                )
            }
            func part(
                _ name: String, _ set: (images: ImageSet, labels: Labels), order: ReductionOrder = .fast
            ) throws -> EncodedImages {
                let count = set.images.count
                let shapes = ["features", "labels"].map { file.tensors["\(name).\($0)"]?.shape }
                guard shapes == [[count, width], [count]] else {
                    let found = shapes.map { $0.map { "\($0)".escaped } ?? "none" }
                    throw DataError(
                        message:
                            "\(path): expected \(name).features of \(data.name) of shape \([count, width]) with their "
                            + "labels, found \(found[0]) with \(found[1]): \(again)")
                }
                let parts = order.parts(of: count, rank: communicator.rank, ranks: communicator.size)
                let stored: [Int32] = try file.values("\(name).labels"), labels = try set.labels.labels(0..<count)
                if let i = labels.indices.first(where: { stored[$0] != labels[$0] }) {
                    throw DataError(
                        message: "\(path): expected in \(name).labels the labels of \(data.name), from 0 on, "
                            + "found \(stored[i]) for \(labels[i]) at position \(i): \(again)")
                }
                return EncodedImages(
                    features: try file.matrix("\(name).features", rows: parts.range),
                    labels: Array(labels[parts.range]), parts: parts,
                    order: order, total: count)
            }
            return (try part("train", data.train, order: request.reduction), try part("test", data.test))
        }
    }
}
