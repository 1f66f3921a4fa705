import Foundation
import LinearAlgebra

/// Emp and Emp²: the covariance of a layer's inputs, or of their squares, as kernel (Denil et al. 2013, section 4).
///
/// With the ridge, K + (λ + jitter)I must be positive definite, then it is for every sample of atoms α. A covariance
/// is, but for rounding and for a λ that is too small to hide it: jitter is 0 where that suffices, else the smallest
/// of 10⁻¹⁰, 10⁻⁹ … 1 times the mean of the diagonal that does.
public struct Covariance: WeightDictionary {
    /// λ where none is chosen.
    public static let defaultRidge = 0.001

    /// What λ was raised by, for the caller to report; 0 almost always, and without a ridge.
    public let jitter: Double
    private let covariance: Matrix<Double>
    private let form: KernelForm

    /// - Parameter covariance: the covariance of one plane's positions, n×n, symmetric; kept, not copied.
    /// - Throws: `DictionaryError` where it holds a number that is not finite, or no jitter makes it positive definite.
    /// - Complexity: n³/3 flops in Double for each jitter tried.
    public init(_ covariance: Matrix<Double>, form: KernelForm = .ridge(defaultRidge)) throws(DictionaryError) {
        let n = covariance.rows
        precondition(covariance.columns == n && n > 0)
        guard (0..<n).allSatisfy({ covariance.row($0).allSatisfy(\.isFinite) }) else {
            throw DictionaryError(
                "a \(n)×\(n) covariance: expected finite numbers, found NaN or infinity; look at the inputs it was "
                    + "made from", isOfData: true)
        }
        self.covariance = covariance
        switch form {
        case .orthonormal: preconditionFailure("an orthonormal basis is made of a raw dictionary")
        case .raw:
            jitter = 0
            self.form = .raw
        case .ridge(let ridge):
            let mean = (0..<n).reduce(0) { $0 + covariance[$1, $1] } / Double(n)
            let candidates = [0] + (-10...0).map { mean * pow(10, Double($0)) }
            guard let jitter = candidates.first(where: { Covariance.isPositiveDefinite(covariance, plus: ridge + $0) })
            else {
                throw DictionaryError(
                    "a \(n)×\(n) covariance with ridge \(ridge): expected a positive definite matrix, found one that "
                        + "even the mean of its diagonal, \(mean), does not make so; look at the inputs it was made "
                        + "from", isOfData: true)
            }
            self.jitter = jitter
            self.form = .ridge(ridge + jitter)
        }
    }

    public func matrix(alpha: [Int], stream: ColumnStream) throws(DictionaryError) -> Matrix<Float> {
        let kernel = Matrix<Double>(rows: covariance.rows, columns: alpha.count)
        for i in 0..<covariance.rows { for (a, j) in alpha.enumerated() { kernel[i, a] = covariance[i, j] } }
        return try kernelDictionary(kernel: kernel, alpha: alpha, form: form)
    }

    private static func isPositiveDefinite(_ covariance: Matrix<Double>, plus ridge: Double) -> Bool {
        let matrix = covariance.clone()
        for i in 0..<matrix.rows { matrix[i, i] += ridge }
        return (try? solvePositiveDefinite(matrix, rows: Matrix(rows: 1, columns: matrix.rows))) != nil
    }
}

extension DictionaryKind {
    /// The covariance of the layer's inputs as kernel.
    public static let emp = covariance("emp", ofSquares: false)
    /// The covariance of the layer's squared inputs as kernel.
    public static let emp2 = covariance("emp2", ofSquares: true)

    private static func covariance(_ name: String, ofSquares squared: Bool) -> DictionaryKind {
        DictionaryKind(name, .kernel, need: .covariance(ofSquares: squared)) { request throws(DictionaryError) in
            try Covariance(request.covariance, form: request.kernel.form ?? .ridge(Covariance.defaultRidge))
        }
    }
}
