import LinearAlgebra

/// An orthonormal basis of the span of another dictionary's U: with UᵀU = VΛVᵀ it is Û = UB, B = VΛ^−½Vᵀ.
/// Eigenvalues below 10⁻⁶ of the largest are cut. Û then has a rank below n_α, and what w has outside of its
/// range says nothing.
///
/// For a w in the range ‖w‖ = ‖W‖, and a step in w is the dense layer's step, projected onto the span. So a
/// rate, a decay and a bound on norms mean the same for every dictionary and proportion as for the dense layer.
public struct OrthonormalBasis: WeightDictionary {
    /// The dictionary as it is made, a kernel without its ridge.
    public let base: any WeightDictionary

    /// The least part of the largest eigenvalue of UᵀU that is kept.
    public static let smallest = 1e-6

    public init(of base: any WeightDictionary) { self.base = base }

    /// 4·positions·n_α² + 11·n_α³ flops in Double, once.
    public func matrix(alpha: [Int], stream: ColumnStream) throws(DictionaryError) -> Matrix<Float> {
        let u = try base.matrix(alpha: alpha, stream: stream).widened
        let basis = Matrix<Double>(rows: u.rows, columns: u.columns)
        multiply(u, try Self.rotation(of: u), into: basis)
        return basis.rounded
    }

    public func check(alpha: [Int]) throws(DictionaryError) { try base.check(alpha: alpha) }

    /// B of a U.
    ///
    /// - Parameter rank: how many eigenvalues are kept, where that is decided; nil: those that are not too small.
    static func rotation(of u: Matrix<Double>, rank: Int? = nil) throws(DictionaryError) -> Matrix<Double> {
        let n = u.columns, gram = Matrix<Double>(rows: n, columns: n)
        multiply(u, u, transposed: .first, into: gram)
        let values: [Double], vectors: Matrix<Double>
        do { (values, vectors) = try symmetricEigen(gram) } catch { throw DictionaryError("\(error)") }
        let scaled = Matrix<Double>(rows: n, columns: n)
        for (k, value) in values.enumerated()
        where value > 0 && (rank.map { k >= n - $0 } ?? (value >= smallest * values[n - 1])) {
            for i in 0..<n { scaled[k, i] = vectors[k, i] / value.squareRoot() }
        }
        let rotation = Matrix<Double>(rows: n, columns: n)
        multiply(vectors, scaled, transposed: .first, into: rotation)
        return rotation
    }
}

extension Column {
    /// The rank of an orthonormal basis: ‖Û‖².
    package var rank: Int { Int(dictionary!.arrays.joined().reduce(0) { $0 + Double($1) * Double($1) }.rounded()) }
}

extension PredictedWeights {
    /// One line that says how much of orthonormal bases was cut, at most; nil: nothing.
    public func saysCut(of name: String) -> String? {
        let rank = columns.map(\.rank).min()!, atoms = columns[0].alpha.count
        return rank == atoms
            ? nil
            : "the orthonormal basis of \(name) has rank \(rank) of \(atoms): eigenvalues of UᵀU below "
                + "\(OrthonormalBasis.smallest) of the largest are cut"
    }

    /// w ← √(S/r)·ÛᵀÛw: a start that was drawn is brought into the ranges of the orthonormal bases, where
    /// gradients lie, too, and to the size that such draws have as the W of a dense layer.
    ///
    /// - Parameters:
    ///   - values: units × n_α.
    ///   - positions: S, those of a plane that such a layer has weights for.
    package func projectStart(_ values: Matrix<Float>, positions: Int) {
        for column in columns {
            let u = column.dictionary!, n = u.columns, w = values.rows(column.units), before = w.clone()
            let gram = Matrix<Float>(rows: n, columns: n)
            multiply(u, u, transposed: .first, into: gram)
            let rank = (0..<n).reduce(Float(0)) { $0 + gram[$1, $1] }
            for channel in 0..<grid.channels {
                let plane = channel * n..<(channel + 1) * n
                multiply(
                    before.columns(plane), gram, into: w.columns(plane),
                    alpha: rank > 0 ? (Float(positions) / rank).squareRoot() : 0)
            }
        }
    }
}
