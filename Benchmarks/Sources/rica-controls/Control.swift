import ArgumentParser
import BenchmarkSupport
import Datasets
import Layers
import LinearAlgebra
import Parallel
import RICA

/// What learned features are compared with.
enum Control: String, CaseIterable, ExpressibleByArgument {
    /// The pixels themselves, 0 to 255.
    case pixels
    /// Whitened patches of the unlabelled images as the rows of a dense layer.
    case patches

    /// Encodes both sets, this rank its cut of each. Returns the numbers of an image, too.
    func encode(_ data: Dataset, settings: RICASettings, world: Communicator) throws -> (
        train: EncodedImages, test: EncodedImages, width: Int
    ) {
        switch self {
        case .pixels:
            let pixels = data.shape.count
            let encode = { (planes: UnsafePointer<UInt8>, features: UnsafeMutablePointer<Float>) in
                for i in 0..<pixels { features[i] = Float(planes[i]) }
            }
            return (
                try EncodedImages(data.train, width: pixels, communicator: world, encode: encode),
                try EncodedImages(data.test, width: pixels, communicator: world, encode: encode), pixels
            )
        case .patches:
            let encoder = ImageEncoder(model: try patchModel(data, settings: settings, world: world), shape: data.shape)
            return (
                try EncodedImages(data.train, width: encoder.features, communicator: world, encode: encoder.encode),
                try EncodedImages(data.test, width: encoder.features, communicator: world, encode: encoder.encode),
                encoder.features
            )
        }
    }

    /// A dense layer whose rows are patches that come after all those behind the whitening, prepared like those that
    /// RICA learns on.
    private func patchModel(_ data: Dataset, settings: RICASettings, world: Communicator) throws -> RICAModel {
        let fitted = try RICAPatches(images: data.unlabelled, settings: settings, communicator: world)
        let sampler = PatchSampler(images: data.unlabelled, size: settings.patch, seed: settings.seed)
        let first = settings.whiteningPatches
        let raw = try world.agree { try sampler.read(first..<first + settings.features) }
        contrastNormalise(raw)
        let rows = Matrix<Float>(rows: raw.rows, columns: raw.columns)
        fitted.whitening.apply(to: raw, into: rows)
        // Their length does not matter: the model brings every feature to unit variance.
        return RICAModel(
            weights: .dense(grid: settings.grid(channels: data.shape.channels), units: settings.features), values: rows,
            whitening: fitted.whitening, covariance: fitted.covariance, encoder: settings.encoder)
    }
}
