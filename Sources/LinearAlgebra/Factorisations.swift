internal import COpenBLAS

/// A matrix that LAPACK could not factorise.
public struct FactorisationError: Error, CustomStringConvertible {
    public let description: String
}

/// Eigenvalues in ascending order and their eigenvectors, one a row, of a symmetric matrix (LAPACK dsyevd, ~9n³
/// flops).
///
/// - Throws: `FactorisationError` where the matrix holds NaN or infinity, or the iteration does not converge.
public func symmetricEigen(
    _ a: Matrix<Double>
) throws(FactorisationError) -> (values: [Double], vectors: Matrix<Double>) {
    precondition(a.rows == a.columns)
    guard (0..<a.rows).allSatisfy({ a.row($0).allSatisfy(\.isFinite) }) else {
        throw FactorisationError(
            description: "a \(a.rows)×\(a.rows) matrix holds a number that is not finite: it has no eigenvalues")
    }
    // Row-major and column-major are the same for a symmetric matrix; LAPACK's column k of vectors is our row k.
    let vectors = a.clone()
    var n = Int32(a.rows)
    var values = [Double](repeating: 0, count: a.rows)
    var info: Int32 = 0
    var workSize = 0.0
    var integerWorkSize: Int32 = 0
    var query: Int32 = -1
    dsyevd_("V", "L", &n, vectors.pointer, &n, &values, &workSize, &query, &integerWorkSize, &query, &info)
    var work = [Double](repeating: 0, count: Int(workSize))
    var integerWork = [Int32](repeating: 0, count: Int(integerWorkSize))
    var workCount = Int32(work.count)
    var integerCount = integerWorkSize
    dsyevd_("V", "L", &n, vectors.pointer, &n, &values, &work, &workCount, &integerWork, &integerCount, &info)
    guard info == 0 else {
        throw FactorisationError(
            description: "the eigenvalues of a \(a.rows)×\(a.rows) matrix do not converge (dsyevd: \(info))")
    }
    return (values, vectors)
}

/// X with X·A = B, a system a row, for a symmetric positive definite A of n×n and B of k×n, by Cholesky (LAPACK
/// dposv, n³/3 + 2n²k flops).
///
/// - Throws: `FactorisationError` where A is not positive definite.
public func solvePositiveDefinite(
    _ a: Matrix<Double>, rows b: Matrix<Double>
) throws(FactorisationError) -> Matrix<Double> {
    precondition(a.rows == a.columns && a.rows == b.columns)
    let factor = a.clone(), x = b.clone()  // LAPACK's column k is our row k
    var n = Int32(a.rows)
    var k = Int32(b.rows)
    var info: Int32 = 0
    dposv_("L", &n, &k, factor.pointer, &n, x.pointer, &n, &info)
    guard info == 0 else {
        throw FactorisationError(
            description:
                "a \(a.rows)×\(a.rows) matrix is not positive definite (leading minor \(info)): a larger ridge makes "
                + "it so"
        )
    }
    return x
}
