internal import COpenBLAS

/// b ← aᵀ, at the speed of memory where rows are long (cblas_somatcopy).
///
/// - Parameter b: as many rows as `a` has columns, and the other way round; it does not overlap `a`.
public func transpose(_ a: Matrix<Float>, into b: Matrix<Float>) {
    precondition(
        a.rows == b.columns && a.columns == b.rows, "\(a.rows)×\(a.columns) transposed into \(b.rows)×\(b.columns)")
    guard a.rows > 0, a.columns > 0 else { return }
    cblas_somatcopy(
        CblasRowMajor, CblasTrans, blasint(a.rows), blasint(a.columns), 1, a.pointer, blasint(a.stride), b.pointer,
        blasint(b.stride))
}
