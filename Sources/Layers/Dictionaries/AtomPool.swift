import LinearAlgebra

/// Atoms handed in: the weights of an autoencoder's units (AE; Denil et al. 2013, section 4) or the centres of k-means.
public struct AtomPool: AtomDictionary {
    private let atoms: Matrix<Float>

    /// - Parameter atoms: atoms × positions of one plane; kept, not copied.
    public init(_ atoms: Matrix<Float>) {
        self.atoms = atoms
    }

    public var positions: Int { atoms.columns }

    public func value(of atom: Int, at position: Int) -> Double { Double(atoms[atom, position]) }
}

extension DictionaryKind {
    /// The weights of a shallow autoencoder of the layer's inputs.
    public static let ae = DictionaryKind("ae", need: .autoencoder(units: DictionaryNeed.poolSize)) {
        AtomPool($0.pool)
    }
    /// The centres of k-means on the layer's inputs.
    public static let kmeans = DictionaryKind("kmeans", need: .centres(DictionaryNeed.poolSize)) { AtomPool($0.pool) }
}
