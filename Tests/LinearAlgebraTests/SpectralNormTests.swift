import Foundation
import LinearAlgebra
import TestSupport
import Testing

@Suite struct SpectralNormTests {
    /// Singular values 3, 1.5 and 0.1 between two rotations: the error falls by (1.5/3)⁴ in each iteration that
    /// changes the norm by 1e-6 or more.
    @Test func ofKnownSingularValues() {
        func turned(_ a: Double) -> Rows { [[cos(a), -sin(a), 0], [sin(a), cos(a), 0], [0, 0, 1]] }
        let a = naiveProduct(naiveProduct(turned(0.7), [[3, 0, 0], [0, 1.5, 0], [0, 0, 0.1]]), turned(-1.1))
        #expect(abs(spectralNorm(Matrix<Double>(a).rounded) - 3) < 1e-5)
    }

    @Test func isTheRootOfTheLargestEigenvalue() throws {
        let a = normalMatrix(rows: 40, columns: 12, stream: 92),
            gram = naiveProduct(naiveTransposed(a.doubles), a.doubles)
        let values = try symmetricEigen(Matrix<Double>(gram)).values, exact = values.last!.squareRoot()
        let found = spectralNorm(a)
        // From below. It stops where an iteration adds less than 1e-6; what is missing falls by the square of the ratio
        // of the two largest eigenvalues in each, so ρ/(1 − ρ) of that is left, twice as much allowed.
        let ratio = values[values.count - 2] / values.last!, rho = ratio * ratio
        #expect(found <= exact * (1 + 1e-12) && found >= exact * (1 - 2e-6 * rho / (1 - rho)))
    }

    @Test func ofNothing() {
        #expect(spectralNorm(Matrix<Float>(rows: 3, columns: 2)) == 0)
        #expect(spectralNorm(Matrix<Float>([[.nan, 1]])).isNaN)
    }
}
