import LinearAlgebra

/// PCA: the eigenvectors of the covariance of a layer's inputs with the largest eigenvalues; every column takes the
/// same, the leading ones.
public struct PrincipalComponents: AtomDictionary {
    /// Eigenvectors in rows, by ascending eigenvalue.
    private let vectors: Matrix<Double>

    /// - Parameter covariance: the covariance of one plane's positions, n×n, symmetric.
    /// - Throws: `DictionaryError` where it holds a number that is not finite.
    /// - Complexity: ~9n³ flops in Double.
    public init(covariance: Matrix<Double>) throws(DictionaryError) {
        do { vectors = try symmetricEigen(covariance).vectors } catch {
            throw DictionaryError("\(error)", isOfData: true)
        }
    }

    public var positions: Int { vectors.columns }

    public func value(of atom: Int, at position: Int) -> Double { vectors[vectors.rows - 1 - atom, position] }
}

extension DictionaryKind {
    /// Principal components of the layer's inputs.
    public static let pca = DictionaryKind("pca", .leading, need: .covariance(ofSquares: false)) {
        request throws(DictionaryError) in try PrincipalComponents(covariance: request.covariance)
    }
}
