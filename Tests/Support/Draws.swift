import LinearAlgebra

extension RandomStream.Purpose {
    /// Numbers that only tests draw.
    public static let tests = Self(1001)
}

/// Standard normal numbers times a factor.
public func normalMatrix(rows: Int, columns: Int, stream: Int, factor: Float = 1) -> Matrix<Float> {
    let matrix = Matrix<Float>(rows: rows, columns: columns)
    RandomStream(seed: 1, purpose: .tests, stream: stream).fillNormal(matrix.elements)
    for i in 0..<matrix.elements.count { matrix.elements[i] *= factor }
    return matrix
}

extension Matrix<Float> {
    /// The elements in Double, for naive code.
    public var doubles: Rows { widened.arrays }
}
