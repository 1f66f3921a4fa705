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
    /// How channels share α; nil: they have the same.
    public var channels: AlphaChannels?

    public init(
        dictionary: DictionaryKind, kernel: KernelSpec = KernelSpec(), proportion: Double, columns: Int,
        sampling: AlphaSampling = .distinct, reach: Int? = nil, channels: AlphaChannels? = nil
    ) {
        self.dictionary = dictionary
        self.kernel = kernel
        self.proportion = proportion
        self.columns = columns
        self.sampling = sampling
        self.reach = reach
        self.channels = channels
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

    /// The grid that U stands on: that of the inputs, or a line of all of them where channels do not share α.
    public func line(of grid: TensorShape) -> TensorShape {
        (channels ?? .tied) == .tied ? grid : TensorShape(units: grid.count)
    }

    /// The grid that the dictionary is made for: that of the inputs, or a line of all of them.
    public func dictionaryGrid(of grid: TensorShape) -> TensorShape { channels == .across ? line(of: grid) : grid }

    /// Atoms of a column on one plane, or on all where channels do not share α: int(positions·proportion) of every
    /// plane, at least 1, or int(inputs·proportion) of one dictionary of all channels.
    public func atoms(of grid: TensorShape) -> Int {
        (channels == .untied ? grid.channels : 1) * atomsOfPlane(dictionaryGrid(of: grid))
    }

    /// Atoms of a column on one plane of what the dictionary is made for.
    private func atomsOfPlane(_ grid: TensorShape) -> Int {
        // 784·(16/784) is a little below 16 in Double.
        max(1, Int(Double(window(of: grid).positions) * proportion + 1e-9))
    }

    /// The atoms, or positions, that all columns sample from.
    public func allAtoms(of grid: TensorShape) -> Int {
        (channels == .untied ? grid.channels : 1) * dictionary.atoms(of: window(of: dictionaryGrid(of: grid)))
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
        let used = dictionaryGrid(of: grid)
        var made = try dictionary.make(
            DictionaryRequest(grid: used, count: atomsOfPlane(used), kernel: kernel, reach: reach, data: data))
        if channels == .untied {
            made = UntiedDictionary(
                plane: made, channels: grid.channels, atoms: dictionary.atoms(of: grid), positions: grid.positions)
        }
        return isOrthonormal ? OrthonormalBasis(of: made) : made
    }

    /// The α of a column: a function of seed, layer and column.
    public func sampleAtoms(of grid: TensorShape, stream: ColumnStream) -> [Int] {
        let used = dictionaryGrid(of: grid), window = window(of: used), reach = reach ?? 0, count = atomsOfPlane(used)
        if channels == .untied {
            let atoms = dictionary.atoms(of: grid)
            return (0..<grid.channels).flatMap { channel in
                dictionary.sample(count, of: grid, stream: stream.of(channel: channel)).map { channel * atoms + $0 }
            }
        }
        return dictionary.sample(count, of: window, stream: stream).map { atom in
            reach == 0 ? atom : (atom / window.width + reach) * grid.width + atom % window.width + reach
        }
    }

    /// Refuses more atoms than there are.
    ///
    /// - Throws: `DictionaryError`.
    func check(of grid: TensorShape) throws(DictionaryError) {
        let used = dictionaryGrid(of: grid)
        try dictionary.check(atomsOfPlane(used), of: window(of: used))
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
        try spec.check(of: grid)
        self.init(grid: spec.line(of: grid), units: units, columns: spec.columns, atoms: spec.atoms(of: grid))
    }
}
