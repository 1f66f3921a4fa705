import DataParallel
import Datasets
import LinearAlgebra
import Parallel
import Storage

/// What RICA learns from: the whitening, fitted on all ranks, and this rank's patches.
public struct RICAPatches {
    public let whitening: Whitening
    /// Covariance of the contrast-normalised patches that the whitening was fitted on, n_v × n_v, the same on every
    /// rank.
    public let covariance: Matrix<Double>
    /// This rank's patches, whitened and divided by √(‖x‖² + 1e-8): patches × n_v.
    public let local: Matrix<Float>
    /// The rows of `local` that are computed separately.
    public let parts: [Range<Int>]
    /// How sums over patches are formed.
    public let order: ReductionOrder
    /// Patches on all ranks.
    public let total: Int
    /// Σxxᵀ over them, n_v × n_v, the same on every rank.
    public let outerProducts: Matrix<Double>

    /// Reads patches of the unlabelled images, each rank its cut of their numbers, and fits the whitening.
    ///
    /// Two allreduces of 1 + n_v + n_v(n_v+1)/2 Doubles and one of 8 bytes, once.
    ///
    /// - Parameter meet: what all ranks do together now and then, such as `Checkpoints.listen`.
    /// - Throws: what `agree` does, where a rank cannot read a file or all patches are constant; `FactorisationError`;
    ///   `MPIError`; what `meet` throws.
    public init(
        images: ImageSet, settings: RICASettings, order: ReductionOrder = .fast, communicator: Communicator,
        meet: @escaping () throws -> Void = {}
    ) throws {
        let sampler = PatchSampler(images: images, size: settings.patch, seed: settings.seed)
        var moments = Moments(size: sampler.values)
        let sums = SampleSums(count: moments.sums.count, order: order, communicator: communicator)
        let seen = order.parts(of: settings.whiteningPatches, rank: communicator.rank, ranks: communicator.size)
        let chunks = seen.own.map { part in
            stride(from: seen[part].lowerBound, to: seen[part].upperBound, by: RICAPatches.chunk).map {
                $0..<min($0 + RICAPatches.chunk, seen[part].upperBound)
            }
        }
        var steps = try EvenSteps(chunks.map(\.count).reduce(0, +), on: communicator, meet: meet)
        // A rank that cannot read goes on meeting the others.
        var failure: (any Error)?
        for part in chunks {
            moments = Moments(size: sampler.values)
            for chunk in part {
                if failure == nil {
                    do {
                        let patches = try sampler.read(chunk)
                        contrastNormalise(patches)
                        moments.add(patches)
                    } catch { failure = error }
                }
                try steps.endStep()
            }
            moments.sums.withUnsafeMutableBufferPointer { sums.take($0) }
        }
        try steps.endLoop()
        try communicator.agree { if let failure { throw failure } }
        try moments.sums.withUnsafeMutableBufferPointer { try sums.sum($0) }
        covariance = moments.covariance
        let covariance = covariance
        whitening = try communicator.agree {
            // Contrast normalisation leaves nothing of a constant patch.
            guard (0..<sampler.values).contains(where: { covariance[$0, $0] > 1e-12 }) else {
                throw DataError(
                    message:
                        "\(images.path): expected pictures, found none: all patches are constant, so there is "
                        + "nothing to learn from")
            }
            return try Whitening(mean: moments.mean, covariance: covariance)
        }

        total = settings.patches
        self.order = order
        let own = order.parts(of: total, rank: communicator.rank, ranks: communicator.size)
        parts = own.local
        let raw = try communicator.agree { try sampler.read(own.range) }
        contrastNormalise(raw)
        local = Matrix(rows: raw.rows, columns: raw.columns)
        for part in parts { whitening.apply(to: raw.rows(part), into: local.rows(part)) }
        for r in 0..<local.rows {
            let x = local.row(r)
            let scale = Float(1 / (dot(x.baseAddress!, x.baseAddress!, count: x.count) + 1e-8).squareRoot())
            for i in 0..<x.count { x[i] *= scale }
        }
        var products = Moments(size: sampler.values)
        for part in parts {
            products = Moments(size: sampler.values)
            products.add(local.rows(part))
            products.sums.withUnsafeMutableBufferPointer { sums.take($0) }
        }
        try products.sums.withUnsafeMutableBufferPointer { try sums.sum($0) }
        outerProducts = products.outerProducts
    }

    /// Patches in memory at a time while the whitening is fitted.
    static let chunk = 50_000
}
