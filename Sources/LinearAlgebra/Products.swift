/// Which factor of a product is transposed.
public enum Transposed: Sendable { case neither, first, second }

/// C ← alpha·AB + beta·C, or with AᵀB or ABᵀ. 2·m·n·k flops.
///
/// The shapes must fit; `c` must not overlap the factors.
public func multiply<Element: Scalar>(
    _ a: Matrix<Element>, _ b: Matrix<Element>, transposed: Transposed = .neither, into c: Matrix<Element>,
    alpha: Element = 1, beta: Element = 0
) {
    let (m, k) = transposed == .first ? (a.columns, a.rows) : (a.rows, a.columns)
    let (kB, n) = transposed == .second ? (b.columns, b.rows) : (b.rows, b.columns)
    precondition(
        k == kB && c.rows == m && c.columns == n,
        "a product of \(m)×\(k) and \(kB)×\(n) into \(c.rows)×\(c.columns)")
    guard m > 0, n > 0 else { return }
    Element.gemm(
        transposed == .first, transposed == .second, m, n, k, alpha, a.pointer, max(a.stride, 1), b.pointer,
        max(b.stride, 1), beta, c.pointer, c.stride)
}

/// C ← AᵀA, the lower triangle only (see `mirrorLowerTriangle`). k·n·(n+1) flops for A of k×n.
public func lowerGram<Element: Scalar>(of a: Matrix<Element>, into c: Matrix<Element>) {
    precondition(
        c.rows == a.columns && c.columns == a.columns,
        "the Gram matrix of \(a.columns) columns into \(c.rows)×\(c.columns)")
    guard a.columns > 0 else { return }
    Element.syrk(a.columns, a.rows, a.pointer, max(a.stride, 1), c.pointer, c.stride)
}

/// Copies the lower triangle of a square matrix onto the upper one.
public func mirrorLowerTriangle<Element: Scalar>(of c: Matrix<Element>) {
    precondition(c.rows == c.columns)
    for i in 0..<c.rows { for j in 0..<i { c[j, i] = c[i, j] } }
}
