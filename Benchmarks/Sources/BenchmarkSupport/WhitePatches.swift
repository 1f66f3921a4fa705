import Datasets
import LinearAlgebra

/// Rows of unit length drawn from N(0, 1): what patches of pictures are like once they are whitened and normalised.
public struct WhitePatches {
    /// patches × n_v
    public let rows: Matrix<Float>
    /// Of these rows: ranks sum theirs to get Σxxᵀ of all.
    public var moments: Moments

    /// Patches `range` of a row of them that the seed alone decides.
    public init(_ range: Range<Int>, size: Int, seed: UInt64 = 1) {
        rows = Matrix(rows: range.count, columns: size)
        RandomStream(seed: seed, purpose: .patches).fillNormal(rows.elements, from: range.lowerBound * size)
        for r in 0..<rows.rows {
            let x = rows.row(r)
            let scale = Float(1 / dot(x.baseAddress!, x.baseAddress!, count: size).squareRoot())
            for i in 0..<size { x[i] *= scale }
        }
        moments = Moments(size: size)
        moments.add(rows)
    }
}
