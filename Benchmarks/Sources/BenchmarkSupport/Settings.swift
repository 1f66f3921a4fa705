import Training

extension RICASettings {
    /// The settings of a measurement: σ 1, ridge .1, variance norm, λ .05 and C 100, as the job has them by default.
    public init(
        dataset: String, seed: UInt64 = 1, learned: Double?, columns: Int = 1, patch: Int, patches: Int, features: Int,
        iterations: Int = 0, encoder: Encoder = .abs
    ) {
        self.init(
            dataset: dataset, seed: seed, learned: learned, columns: columns, alpha: .distinct, sigma: 1, ridge: 0.1,
            patch: patch, patches: patches, features: features, lambda: 0.05, norm: .variance, iterations: iterations,
            encoder: encoder, cost: 100)
    }
}
