import LinearAlgebra

/// A kind of dictionary, as options and model files name it. A new one is a file of its own and a word in `all`; every
/// job then has it.
public struct DictionaryKind: Sendable {
    /// All kinds, in the order in which they are named to the user.
    public static let all: [DictionaryKind] = [
        .se, .emp, .emp2, .ae, .randfixu, .randcon, .lowrank, .kmeans, .dct, .fourier, .haar, .pca, .downsample,
    ]

    /// What a kind is like, where it is not like most.
    public struct Traits: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// U comes from a kernel, with a ridge or raw, and α are positions.
        public static let kernel = Traits(rawValue: 1)
        /// U depends on where a position lies on the grid, so that it says little about inputs without an order.
        public static let topology = Traits(rawValue: 2)
        /// U is learned and so travels like w.
        public static let learned = Traits(rawValue: 4)
        /// A column samples no atoms: each takes the first ones.
        public static let leading = Traits(rawValue: 8)
        /// Atoms are columns of the identity, so that α are positions.
        public static let identity = Traits(rawValue: 16)
    }

    public let name: String
    public let traits: Traits
    /// What is made from the layer's inputs before U can be; nil: nothing.
    public let need: DictionaryNeed?
    /// Makes a dictionary of what was asked for. Every rank calls it by itself, with the same request.
    public let make: @Sendable (DictionaryRequest) throws(DictionaryError) -> any WeightDictionary

    public init(
        _ name: String, _ traits: Traits = [], need: DictionaryNeed? = nil,
        make: @escaping @Sendable (DictionaryRequest) throws(DictionaryError) -> any WeightDictionary
    ) {
        self.name = name
        self.traits = traits
        self.need = need
        self.make = make
    }

    /// The kind of a name; nil where there is none.
    public init?(named name: some StringProtocol) {
        guard let kind = DictionaryKind.all.first(where: { $0.name == name }) else { return nil }
        self = kind
    }

    /// Whether columns sample their atoms. Where not, each takes the first ones.
    public var isSampled: Bool { traits.isDisjoint(with: .leading) }

    /// The atoms, or the positions of a kernel, that a column samples from.
    ///
    /// - Parameter grid: the shape of the layer's inputs.
    public func atoms(of grid: TensorShape) -> Int { need?.atoms(of: grid) ?? grid.positions }

    /// The α of a column, ascending: `count` different atoms, sampled uniformly without replacement, or the first.
    ///
    /// A column of more atoms keeps those that it has when it samples fewer.
    public func sample(_ count: Int, of grid: TensorShape, stream: ColumnStream) -> [Int] {
        isSampled ? stream.sampleAtoms(count, of: atoms(of: grid)) : Array(0..<count)
    }

    /// Refuses more atoms than there are.
    ///
    /// - Throws: `DictionaryError`.
    public func check(_ count: Int, of grid: TensorShape) throws(DictionaryError) {
        let atoms = atoms(of: grid)
        guard count <= atoms else {
            let each = grid.channels > 1 ? "unit and channel" : "unit"
            throw DictionaryError(
                "expected at most \(atoms) learned values a \(each), which is what the dictionary holds, found "
                    + "\(count): learn a smaller proportion")
        }
    }
}

extension DictionaryKind: Codable, Hashable, CustomStringConvertible {
    public var description: String { name }

    public static func == (left: Self, right: Self) -> Bool { left.name == right.name }
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer(), name = try container.decode(String.self)
        guard let kind = DictionaryKind(named: name) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no dictionary of this name")
        }
        self = kind
    }
}
