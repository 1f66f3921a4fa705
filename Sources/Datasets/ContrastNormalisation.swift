import LinearAlgebra

/// What contrast normalisation adds to a patch's variance, on the scale of pixels from 0 to 255 (Coates, Lee & Ng).
public let contrastOffset = 10.0

/// Each row x becomes (x − mean) / √(var + 10), var over n − 1; in place.
///
/// Cost: 5 flops a value; a row stays in cache over its three passes.
public func contrastNormalise(_ patches: Matrix<Float>) {
    let n = patches.columns
    for r in 0..<patches.rows {
        let row = patches.row(r)
        let mean = laneSum(row) { $0 } / Float(n)
        for i in 0..<n { row[i] -= mean }
        let variance = laneSum(row) { $0 * $0 } / Float(max(n - 1, 1))
        let scale = 1 / (variance + Float(contrastOffset)).squareRoot()
        for i in 0..<n { row[i] *= scale }
    }
}

/// An image x becomes s·(x − mean)/‖x − mean‖ in place: global contrast normalisation, as Goodfellow et al.
/// (2013) prepared CIFAR-10. s is 55 for the 3072 values of such an image and grows with √n, so that the deviation
/// of an image's values is 0.992 at any size. One whose values are all the same becomes zeros.
///
/// - Parameter image: values from 0 to 255, which are whole numbers.
/// - Complexity: 5 flops a value.
func globalContrastNormalise(_ image: UnsafeMutableBufferPointer<Float>) {
    let n = Double(image.count), mean = Float(Double(laneSum(image) { $0 }) / n)
    for i in image.indices { image[i] -= mean }
    let squares = Double(laneSum(image) { $0 * $0 })
    // One value that differs by 1 makes (n − 1)/n.
    let scale = squares < 0.25 ? 0 : Float(55 * (n / 3072 / squares).squareRoot())
    for i in image.indices { image[i] *= scale }
}

/// Σ f(x) in eight lanes: one running sum would wait for itself at every addition.
@inline(__always)
private func laneSum(
    _ row: UnsafeMutableBufferPointer<Float>, _ f: (SIMD8<Float>) -> SIMD8<Float>
) -> Float {
    var lanes = SIMD8<Float>()
    let whole = row.count & ~7
    let bytes = UnsafeRawPointer(row.baseAddress!)
    for i in stride(from: 0, to: whole, by: 8) {
        lanes += f(bytes.loadUnaligned(fromByteOffset: 4 * i, as: SIMD8<Float>.self))
    }
    var rest = SIMD8<Float>()
    for i in whole..<row.count { rest[i - whole] = row[i] }
    return (lanes + f(rest)).sum()
}
