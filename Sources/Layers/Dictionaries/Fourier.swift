import Foundation
import LinearAlgebra

/// Real sines and cosines: the orthonormal basis of the 2-D discrete Fourier transform in real form.
///
/// Frequency (v, u), v waves down the plane and u across, has the number v·width + u. It and its mirror image (−v,
/// −u) are one wave, so the atom of the lower number is the wave's cosine and the other one its sine; a frequency
/// that is its own mirror image has no sine.
public struct Fourier: AtomDictionary {
    public let grid: TensorShape

    public init(grid: TensorShape) {
        self.grid = grid
    }

    public var positions: Int { grid.positions }

    public func value(of atom: Int, at position: Int) -> Double {
        let height = grid.height, width = grid.width
        let v = atom / width, u = atom % width
        let mirror = (height - v) % height * width + (width - u) % width
        // Whole turns are left out while numbers are whole, so the angle is as exact for high frequencies as for low
        // ones.
        let turns =
            Double(v * (position / width) % height) / Double(height) + Double(u * (position % width) % width)
            / Double(width)
        let scale = ((atom == mirror ? 1 : 2) / Double(positions)).squareRoot()
        return scale * (atom <= mirror ? cos(2 * .pi * turns) : sin(2 * .pi * turns))
    }
}

extension DictionaryKind {
    /// Real sines and cosines.
    public static let fourier = DictionaryKind("fourier", .topology) { Fourier(grid: $0.grid) }
}
