import Datasets
import Layers
import Storage

/// Every choice that the result of a RICA run depends on.
public struct RICASettings: Codable, Equatable, Sendable {
    public var dataset: String
    public var seed: UInt64
    /// The proportion of a plane's positions that is learned; nil: a dense layer, nothing predicted.
    public var learned: Double?
    /// J.
    public var columns: Int
    public var alpha: AlphaSampling
    /// What predicts the layer; nil: `se`.
    public var dictionary: DictionaryKind?
    /// What that is made from, where it is made from data; nil: whitened patches.
    public var dictionarySource: DictionarySource?
    /// σ of the squared-exponential kernel, in pixels; nil: `SquaredExponential.sigma(grid:learned:)`.
    public var sigma: Double?
    /// λ of the kernel ridge; nil: raw kernel rows, or an orthonormal basis.
    public var ridge: Double?
    /// Whether U is an orthonormal basis of that span; nil: it is not.
    public var isOrthonormal: Bool?
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
    /// The file that learning starts from, its name and a number of its content; nil: a random start.
    public var initial: String?

    public init(
        dataset: String, seed: UInt64, learned: Double?, columns: Int, alpha: AlphaSampling,
        dictionary: DictionaryKind? = nil, dictionarySource: DictionarySource? = nil, sigma: Double?, ridge: Double?,
        isOrthonormal: Bool? = nil, patch: Int, patches: Int, features: Int, lambda: Double, norm: RICANorm,
        iterations: Int, encoder: Encoder, cost: Double
    ) {
        self.dataset = dataset
        self.seed = seed
        self.learned = learned
        self.columns = columns
        self.alpha = alpha
        self.dictionary = dictionary
        self.dictionarySource = dictionarySource
        self.sigma = sigma
        self.ridge = ridge
        self.isOrthonormal = isOrthonormal
        self.patch = patch
        self.patches = patches
        self.features = features
        self.lambda = lambda
        self.norm = norm
        self.iterations = iterations
        self.encoder = encoder
        self.cost = cost
    }

    /// Refuses values that no run can have, wherever they come from: options or a model file.
    ///
    /// - Throws: `SettingError` for the first of them.
    public func check() throws(SettingError) {
        func check<Value>(
            _ name: String, _ value: Value?, _ expected: String, _ holds: (Value) -> Bool
        ) throws(SettingError) {
            guard let value, !holds(value) else { return }
            throw SettingError(name: name, expected: expected, found: "\(value)".escaped)
        }
        try check("dataset", dataset, "one of \(Dataset.names.joined(separator: ", "))") { Dataset.names.contains($0) }
        try check("learned", learned, "a number above 0 and at most 1") { $0 > 0 && $0 <= 1 }
        try check("patch", patch, "2 to 1000 pixels") { (2...1000).contains($0) }
        try check("patches", patches, "1 to 1000000000") { (1...1_000_000_000).contains($0) }
        try check("features", features, "1 to 1000000") { (1...1_000_000).contains($0) }
        try check("columns", columns, "1, as a dense layer has") { $0 == 1 || learned != nil }
        try check("columns", columns, "1 to \(features), at most one column a feature") { $0 >= 1 && $0 <= features }
        try check(
            "dictionary", dictionary?.name, "one of \(Self.dictionaries.map(\.name).joined(separator: ", "))"
        ) { name in
            Self.dictionaries.contains { $0.name == name }
        }
        if case .centres(let count) = dictionary?.need {
            try check("patches", patches, "at least \(count), one for each centre of \(dictionary!.name)") {
                $0 >= count
            }
        }
        try check("sigma", sigma, "0.001 to 1000000 pixels") { SquaredExponential.sigmas.contains($0) }
        try check("ridge", ridge, "a number above 0") { $0 > 0 && $0.isFinite }
        try check("isOrthonormal", isOrthonormal, "no ridge with it") { !$0 || ridge == nil && learned != nil }
        try check("lambda", lambda, "a number of at least 0") { $0 >= 0 && $0.isFinite }
        try check("iterations", iterations, "0 to 1000000") { (0...1_000_000).contains($0) }
        try check("cost", cost, "a number above 0") { $0 > 0 && $0.isFinite }
    }

    /// The dictionaries that can predict features: their U is not learned, since L-BFGS learns w alone, and no
    /// autoencoder makes it, since that rebuilds inputs from 0 to 1.
    public static let dictionaries = DictionaryKind.all.filter {
        if case .autoencoder = $0.need { return false }
        return !$0.traits.contains(.learned)
    }

    /// What the dictionary is made from; nil where it needs no data.
    public var madeFrom: DictionarySource? {
        prediction?.dictionary.need == nil ? nil : dictionarySource ?? .whitened
    }

    /// Whether a model holds U: what was made from patches, or cut where rounding may decide.
    var storesDictionary: Bool { madeFrom != nil || prediction?.isOrthonormal == true }

    /// Patches that the whitening is fitted on: ten for each that features are learned on, 400,000 at most.
    public var whiteningPatches: Int { max(patches, min(400_000, 10 * patches)) }
}

/// A setting that no run can have.
public struct SettingError: Error, CustomStringConvertible {
    /// The property of `RICASettings`, and the option where there is one.
    public let name: String
    public let expected: String
    public let found: String
    /// The part of a message that follows the file or the option.
    public var description: String { "\(name): expected \(expected), found \(found)" }
}
