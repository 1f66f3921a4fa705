import Datasets
import LinearAlgebra
import Scaling

/// `MeasuredInputs.patches` with their moments.
public struct WhitePatches {
    /// The whitened patches, patches × n_v.
    public let rows: Matrix<Float>
    /// The moments of these rows; ranks sum theirs to get Σxxᵀ of all.
    public var moments: Moments

    public init(_ range: Range<Int>, size: Int) {
        rows = MeasuredInputs.patches(range, size: size)
        moments = Moments(size: size)
        moments.add(rows)
    }
}
