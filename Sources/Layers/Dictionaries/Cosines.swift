import Foundation
import LinearAlgebra

/// DCT: cosine atoms of random 2-D frequencies, from the orthonormal basis of the discrete cosine transform (DCT-II;
/// Ahmed, Natarajan & Rao 1974).
///
/// Atom v·width + u has the frequency (v, u): v half waves down the plane, u across.
public struct Cosines: AtomDictionary {
    public let grid: TensorShape

    public init(grid: TensorShape) {
        self.grid = grid
    }

    public var positions: Int { grid.positions }

    public func value(of atom: Int, at position: Int) -> Double {
        wave(atom / grid.width, at: position / grid.width, of: grid.height)
            * wave(atom % grid.width, at: position % grid.width, of: grid.width)
    }

    private func wave(_ frequency: Int, at i: Int, of n: Int) -> Double {
        let scale = (frequency == 0 ? 1 : 2) / Double(n)
        return scale.squareRoot() * cos(.pi * Double((2 * i + 1) * frequency) / Double(2 * n))
    }
}

extension DictionaryKind {
    /// Cosines of random frequencies.
    public static let dct = DictionaryKind("dct", .topology) { Cosines(grid: $0.grid) }
}
