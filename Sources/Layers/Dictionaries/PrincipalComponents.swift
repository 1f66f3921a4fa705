import LinearAlgebra

/// PCA: the eigenvectors of the covariance of a layer's inputs with the largest eigenvalues; every column takes the same, the leading ones.
public struct PrincipalComponents: AtomDictionary {
    /// Eigenvectors in rows, by ascending eigenvalue.
    private let vectors: Matrix<Double>

    /// - Parameter covariance: of one plane's positions, n×n, symmetric.
    /// - Throws: `FactorisationError` where it holds a number that is not finite.
    /// - Complexity: ~9n³ flops in Double.
    public init(covariance: Matrix<Double>) throws(FactorisationError) {
        vectors = try symmetricEigen(covariance).vectors
    }

    public var positions: Int { vectors.columns }
    public var choices: Int { vectors.rows }
    public var isSampled: Bool { false }

    public func value(of atom: Int, at position: Int) -> Double { vectors[choices - 1 - atom, position] }
}
