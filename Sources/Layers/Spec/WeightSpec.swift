import LinearAlgebra

/// How the weights of a layer are predicted from learned values.
public struct WeightSpec: Codable, Hashable, Sendable {
    public var dictionary: DictionaryKind
    public var kernel: KernelSpec
    /// The proportion of a plane's positions that a column has learned values at.
    public var proportion: Double
    /// J.
    public var columns: Int
    public var sampling: AlphaSampling
    /// How many pixels beyond its window a predicted filter goes on, where its window is open; nil: it ends there.
    public var reach: Int?

    public init(
        dictionary: DictionaryKind, kernel: KernelSpec = KernelSpec(), proportion: Double, columns: Int,
        sampling: AlphaSampling = .distinct, reach: Int? = nil
    ) {
        self.dictionary = dictionary
        self.kernel = kernel
        self.proportion = proportion
        self.columns = columns
        self.sampling = sampling
        self.reach = reach
    }

    /// Whether U is an orthonormal basis of its span.
    public var isOrthonormal: Bool { kernel.form == .orthonormal }

    /// The part of a filter's grid, with what lies beyond its window, that α are sampled of.
    public func window(of grid: TensorShape) -> TensorShape {
        let around = 2 * (reach ?? 0)
        return TensorShape(channels: grid.channels, height: grid.height - around, width: grid.width - around)
    }

    /// A proportion as text, a number or a fraction such as 16/784; nil where it is not above 0 and at most 1.
    public static func proportion(_ text: some StringProtocol) -> Double? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            .map { Double($0) ?? .nan }
        let value = parts.count == 2 ? parts[0] / parts[1] : parts[0]
        return value > 0 && value <= 1 ? value : nil
    }

    /// Atoms of a column on one plane: int(positions·proportion), at least 1.
    public func atoms(of grid: TensorShape) -> Int {
        // 784·(16/784) is a little below 16 in Double.
        max(1, Int(Double(window(of: grid).positions) * proportion + 1e-9))
    }

    /// Makes the dictionary of a layer.
    ///
    /// - Parameters:
    ///   - grid: the shape of the layer's inputs.
    ///   - data: what the kind needs of the inputs.
    /// - Throws: `DictionaryError`.
    public func makeDictionary(
        of grid: TensorShape, data: DictionaryData? = nil
    ) throws(DictionaryError) -> any WeightDictionary {
        var kernel = kernel
        if isOrthonormal { kernel.form = .raw }
        let made = try dictionary.make(
            DictionaryRequest(grid: grid, count: atoms(of: grid), kernel: kernel, reach: reach, data: data))
        return isOrthonormal ? OrthonormalBasis(of: made) : made
    }

    /// The α of a column: a function of seed, layer and column.
    public func sampleAtoms(of grid: TensorShape, stream: ColumnStream) -> [Int] {
        let window = window(of: grid), reach = reach ?? 0
        return dictionary.sample(atoms(of: grid), of: window, stream: stream).map { atom in
            reach == 0 ? atom : (atom / window.width + reach) * grid.width + atom % window.width + reach
        }
    }

    /// Refuses a dictionary that needs no data and cannot be made, without making it.
    ///
    /// - Parameter layer: the layer's number among those with weights.
    /// - Throws: `DictionaryError`.
    public func check(of grid: TensorShape, seed: UInt64, layer: Int) throws(DictionaryError) {
        guard dictionary.need == nil else { return }
        let made = try makeDictionary(of: grid)
        for column in 0..<columns {
            let stream = ColumnStream(seed: seed, layer: layer, column: column, sampling: sampling)
            try made.check(alpha: sampleAtoms(of: grid, stream: stream))
        }
    }
}

extension WeightShape {
    /// The shape of a layer whose weights are predicted, or of a dense one.
    ///
    /// - Throws: `DictionaryError` where the dictionary has fewer atoms than are asked for.
    public init(grid: TensorShape, units: Int, _ spec: WeightSpec?) throws(DictionaryError) {
        guard let spec else {
            self.init(grid: grid, units: units, atoms: nil)
            return
        }
        let atoms = spec.atoms(of: grid)
        try spec.dictionary.check(atoms, of: spec.window(of: grid))
        self.init(grid: grid, units: units, columns: spec.columns, atoms: atoms)
    }
}
