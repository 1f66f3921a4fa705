import LinearAlgebra

/// ZCA whitening, x ↦ Z(x − μ) with Z = V (D + ρ)^−½ Vᵀ where the covariance is V D Vᵀ.
public struct Whitening: Sendable {
    /// μ, n values.
    public let mean: [Float]
    /// Z, n×n and symmetric.
    public let matrix: Matrix<Float>
    /// −Zμ, what every whitened row starts from.
    private let offset: [Float]

    /// From moments of the data. 0.1 is Coates, Lee & Ng's regularisation for contrast-normalised patches.
    /// Throws `FactorisationError` where the eigenvalues do not converge. O(n³) flops.
    public init(mean: [Double], covariance: Matrix<Double>, regularisation: Double = 0.1) throws {
        let (values, vectors) = try symmetricEigen(covariance)
        for (value, r) in zip(values, 0...) {
            // Rounding may leave a null direction slightly negative.
            let scale = 1 / (max(value, 0) + regularisation).squareRoot().squareRoot()
            let row = vectors.row(r)
            for c in 0..<row.count { row[c] *= scale }
        }
        let matrix = Matrix<Double>(rows: mean.count, columns: mean.count)
        lowerGram(of: vectors, into: matrix)
        mirrorLowerTriangle(of: matrix)
        self.init(mean: mean.map { Float($0) }, matrix: matrix.rounded)
    }

    /// From the numbers of a model file.
    public init(mean: [Float], matrix: Matrix<Float>) {
        precondition(matrix.rows == mean.count && matrix.columns == mean.count)
        self.mean = mean
        self.matrix = matrix
        offset = (0..<mean.count).map { r in
            let products = zip(matrix.row(r), mean).map { Double($0) * Double($1) }
            return Float(-products.reduce(0, +))
        }
    }

    /// Whitens the rows of `x` into `y`, which must not overlap. One product over blocks that stay in cache, 2n² flops
    /// a row.
    public func apply(to x: Matrix<Float>, into y: Matrix<Float>) {
        precondition(x.columns == mean.count && y.columns == mean.count && x.rows == y.rows)
        for start in stride(from: 0, to: x.rows, by: 1000) {
            let block = start ..< min(start + 1000, x.rows)
            for r in block {
                let row = y.row(r)
                for c in 0..<row.count { row[c] = offset[c] }
            }
            multiply(x.rows(block), matrix, into: y.rows(block), beta: 1)
        }
    }
}
