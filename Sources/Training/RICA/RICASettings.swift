import Layers

/// Every choice that the result of a RICA run depends on.
public struct RICASettings: Codable, Equatable, Sendable {
    public var dataset: String
    public var seed: UInt64
    /// The proportion of a plane's positions that is learned; nil: a dense layer, nothing predicted.
    public var learned: Double?
    /// J.
    public var columns: Int
    public var alpha: AlphaSampling
    /// σ of the squared-exponential kernel, in pixels; nil: `SquaredExponential.sigma(grid:learned:)`.
    public var sigma: Double?
    /// λ of the kernel ridge; nil: raw kernel rows.
    public var ridge: Double?
    /// Side of a patch in pixels.
    public var patch: Int
    /// Patches that features are learned on.
    public var patches: Int
    /// Units of the layer, n_h.
    public var features: Int
    /// λ, the weight of sparsity.
    public var lambda: Double
    public var norm: RICANorm
    /// L-BFGS iterations; 0 leaves the random start, the control "untrained".
    public var iterations: Int
    public var encoder: Encoder
    /// C of the classifier.
    public var cost: Double

    public init(
        dataset: String, seed: UInt64, learned: Double?, columns: Int, alpha: AlphaSampling, sigma: Double?, ridge: Double?,
        patch: Int, patches: Int, features: Int, lambda: Double, norm: RICANorm, iterations: Int, encoder: Encoder,
        cost: Double
    ) {
        self.dataset = dataset
        self.seed = seed
        self.learned = learned
        self.columns = columns
        self.alpha = alpha
        self.sigma = sigma
        self.ridge = ridge
        self.patch = patch
        self.patches = patches
        self.features = features
        self.lambda = lambda
        self.norm = norm
        self.iterations = iterations
        self.encoder = encoder
        self.cost = cost
    }

    /// Patches that the whitening is fitted on: ten for each that features are learned on, 400,000 at most.
    public var whiteningPatches: Int { max(patches, min(400_000, 10 * patches)) }
}
