import LinearAlgebra

/// What w means: how kernel values become a dictionary, or how every dictionary becomes an orthonormal basis.
public enum KernelForm: Codable, Hashable, Sendable {
    /// U = k_αᵀ(K_α + λI)⁻¹, the kernel-ridge predictor: w is the unit's weights at α (Denil et al. 2013,
    /// section 3).
    case ridge(Double)
    /// U = k_αᵀ, as in the authors' released code: the same span, another meaning of w.
    case raw
    /// `OrthonormalBasis` of the raw rows, or of a dictionary that is no kernel.
    case orthonormal

    /// λ; nil without one.
    public var ridge: Double? { if case .ridge(let ridge) = self { ridge } else { nil } }
}

/// The dictionary of one column on one plane, positions × n_α, from the kernel between all positions and α.
///
/// - Parameter kernel: positions × n_α: k(i, j) for every position i and every j of α.
/// - Parameter alpha: the positions that the columns of `kernel` belong to.
/// - Throws: `DictionaryError` where K_α + λI is not positive definite.
/// - Complexity: n_α³/3 + 2·positions·n_α² flops in Double, once.
public func kernelDictionary(
    kernel: Matrix<Double>, alpha: [Int], form: KernelForm
) throws(DictionaryError) -> Matrix<Float> {
    precondition(kernel.columns == alpha.count)
    switch form {
    case .orthonormal: preconditionFailure("an orthonormal basis is made of a raw dictionary")
    case .raw:
        return kernel.rounded
    case .ridge(let ridge):
        let gram = Matrix<Double>(rows: alpha.count, columns: alpha.count)
        for (a, position) in alpha.enumerated() {
            for b in 0..<alpha.count { gram[a, b] = kernel[position, b] }
            gram[a, a] += ridge
        }
        do {
            return try solvePositiveDefinite(gram, rows: kernel).rounded  // U(K_α + λI) = k_αᵀ
        } catch { throw DictionaryError("\(error)") }
    }
}
