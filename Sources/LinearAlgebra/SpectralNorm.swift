/// ‖A‖₂, the largest singular value, by power iteration on AᵀA in Double until it changes by less than 1e-6 of
/// itself (a hundred times at most): a lower bound, close to it where the two largest differ. 4·rows·columns flops an
/// iteration.
public func spectralNorm(_ a: Matrix<Float>) -> Double {
    let a = a.widened, v = Matrix<Double>(rows: 1, columns: a.columns), u = Matrix<Double>(rows: 1, columns: a.rows)
    // Any vector that is not orthogonal to the one sought, the same for everybody: weights that no structure of a
    // dictionary has.
    for i in 0..<v.columns { v[0, i] = 1 + Double(i * 7919 % 1000) / 1000 }
    var norm = 0.0
    for _ in 0..<100 {
        let length = euclidean(v)
        guard length > 0, length.isFinite else { return length }
        for i in 0..<v.columns { v[0, i] /= length }
        multiply(v, a, transposed: .second, into: u)
        let last = norm
        norm = euclidean(u)
        if abs(norm - last) <= 1e-6 * norm { break }
        multiply(u, a, into: v)
    }
    return norm
}

private func euclidean(_ x: Matrix<Double>) -> Double { x.elements.reduce(0) { $0 + $1 * $1 }.squareRoot() }
