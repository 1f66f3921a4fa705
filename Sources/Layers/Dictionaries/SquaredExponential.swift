import Foundation
import LinearAlgebra

/// SE: the kernel k(i, j) = exp(−‖i − j‖² / 2σ²) on the positions of a pixel grid (Denil et al. 2013,
/// section 4).
public struct SquaredExponential: WeightDictionary {
    /// λ where none is chosen.
    public static let defaultRidge = 0.1
    /// What σ can be, in pixels: at the lower end no two positions are alike, at the upper one all are.
    public static let sigmas = 1e-3...1e6

    public let grid: TensorShape
    /// In pixels.
    public let sigma: Double
    public let form: KernelForm
    /// Rows and columns at which the kernel is cut; nil: nowhere.
    public let reach: Int?

    public init(grid: TensorShape, sigma: Double, form: KernelForm, reach: Int? = nil) {
        precondition(sigma > 0)
        self.grid = grid
        self.sigma = sigma
        self.form = form
        self.reach = reach
    }

    /// Where a kernel is cut: at 6σ it is 1.5·10⁻⁸, below what a Float near 1 can tell.
    public static func reach(sigma: Double) -> Int { Int((6 * min(sigma, sigmas.upperBound)).rounded(.up)) }

    /// The kernel along one axis, from −reach to reach: k(i, j) is the product of those of rows and columns.
    func profile(reach: Int) -> [Double] { (-reach...reach).map { exp(-Double($0 * $0) / (2 * sigma * sigma)) } }

    /// σ tied to the density of α, in pixels: half of the distance between neighbours if α were a regular grid,
    /// ½√(positions/learned), or ½·positions/learned on a line. So kernels of neighbours meet at half of their
    /// height and more, however few there are (our choice; the paper has σ = 1 always).
    public static func sigma(grid: TensorShape, learned: Int) -> Double {
        let each = Double(grid.positions) / Double(learned)
        return 0.5 * (min(grid.height, grid.width) == 1 ? each : each.squareRoot())
    }

    /// The kernel matrix between two lists of positions of one plane, `rows.count`×`columns.count`.
    public func kernel(rows: [Int], columns: [Int]) -> Matrix<Double> {
        let result = Matrix<Double>(rows: rows.count, columns: columns.count), reach = reach ?? .max
        for (r, i) in rows.enumerated() {
            for (c, j) in columns.enumerated() {
                guard abs(i / grid.width - j / grid.width) <= reach, abs(i % grid.width - j % grid.width) <= reach
                else { continue }
                result[r, c] = exp(-Double(grid.squaredDistance(i, j)) / (2 * sigma * sigma))
            }
        }
        return result
    }

    /// (K_α + λI)⁻¹. 7/3·n_α³ flops in Double.
    func inverse(alpha: [Int], ridge: Double) throws(FactorisationError) -> Matrix<Double> {
        let gram = kernel(rows: alpha, columns: alpha)
        let identity = Matrix<Double>(rows: gram.rows, columns: gram.rows)
        for a in alpha.indices {
            gram[a, a] += ridge
            identity[a, a] = 1
        }
        return try solvePositiveDefinite(gram, rows: identity)
    }

    public func matrix(alpha: [Int], stream: ColumnStream) throws(DictionaryError) -> Matrix<Float> {
        do {
            return try kernelDictionary(
                kernel: kernel(rows: Array(0..<grid.positions), columns: alpha), alpha: alpha, form: form)
        } catch { throw refused("\(error)") }
    }

    /// No flops, or n_α³/3 in Double where the ridge is so small that rounding can hide it.
    public func check(alpha: [Int]) throws(DictionaryError) {
        // K has no negative eigenvalue but by rounding, about n_α²·10⁻¹⁶ at most, where 10⁻¹² leaves a wide
        // margin, and by what is cut, n_α of the largest such value at most.
        let cut = reach.map { exp(-Double($0 * $0) / (2 * sigma * sigma)) } ?? 0, count = Double(alpha.count)
        guard case .ridge(let ridge) = form, ridge < 1e-12 * count * count + cut * count else { return }
        let gram = kernel(rows: alpha, columns: alpha)
        for a in alpha.indices { gram[a, a] += ridge }
        do { _ = try solvePositiveDefinite(gram, rows: Matrix(rows: 1, columns: alpha.count)) } catch {
            throw refused("\(error)")
        }
    }

    private func refused(_ reason: String) -> DictionaryError {
        DictionaryError(
            "the dictionary se cannot be made with sigma \(sigma)\(form.ridge.map { " and ridge \($0)" } ?? ""): "
                + "\(reason), and so does a smaller sigma")
    }
}

extension DictionaryKind {
    /// The squared-exponential kernel on the pixel grid.
    public static let se = DictionaryKind("se", [.kernel, .topology]) { request in
        SquaredExponential(
            grid: request.grid,
            sigma: request.kernel.sigma ?? SquaredExponential.sigma(grid: request.grid, learned: request.count),
            form: request.kernel.form ?? .ridge(SquaredExponential.defaultRidge), reach: request.reach)
    }
}
