import Foundation
import LinearAlgebra

/// k(i, j) = exp(−‖i − j‖² / 2σ²) on the positions of a pixel grid (Denil et al. 2013, section 4).
public struct SquaredExponentialKernel: Sendable {
    public let grid: PixelGrid
    /// In pixels.
    public let sigma: Double

    public init(grid: PixelGrid, sigma: Double) {
        precondition(sigma > 0)
        self.grid = grid
        self.sigma = sigma
    }

    /// The kernel matrix between two lists of positions of one plane, `rows.count`×`columns.count`.
    public func matrix(rows: [Int], columns: [Int]) -> Matrix<Double> {
        let result = Matrix<Double>(rows: rows.count, columns: columns.count)
        for (r, i) in rows.enumerated() {
            for (c, j) in columns.enumerated() {
                result[r, c] = exp(-Double(grid.squaredDistance(i, j)) / (2 * sigma * sigma))
            }
        }
        return result
    }
}
