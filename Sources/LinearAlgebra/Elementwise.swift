import CKernels

/// Σ aᵢbᵢ, accumulated in Double. 2n flops at memory speed.
public func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Double {
    ck_dot(a, b, count)
}

/// Replaces every y by y/√(y² + ε), the slope of the smooth absolute value, and returns Σ√(y² + ε) in Double
/// (Float within runs of 32, whose rounding is at most 32·2⁻²⁴ of the sum).
///
/// One pass over a contiguous matrix that should be in cache.
public func smoothAbsoluteSlope(inPlace y: Matrix<Float>, epsilon: Float) -> Double {
    let elements = y.elements
    guard let base = elements.baseAddress else { return 0 }
    return ck_smooth_abs(base, elements.count, epsilon)
}

/// out ← Σ_k weights[k]·rows[k], summed in Double, for the rows of a matrix. 2·rows·columns flops.
public func combineRows(
    of matrix: Matrix<Float>, weights: UnsafePointer<Double>, into out: UnsafeMutablePointer<Float>
) {
    ck_combine(matrix.pointer, matrix.stride, matrix.rows, weights, out, matrix.columns)
}

/// sums[i] += values[i], at memory speed.
@inlinable
public func accumulate<Number: FloatingPoint>(
    _ values: UnsafePointer<Number>, into sums: UnsafeMutablePointer<Number>, count: Int
) {
    for i in 0..<count { sums[i] += values[i] }
}

/// sums[i] += values[i], at memory speed.
public func accumulate(_ values: UnsafePointer<Float>, into sums: UnsafeMutablePointer<Double>, count: Int) {
    for i in 0..<count { sums[i] += Double(values[i]) }
}

/// Widens Floats to Doubles, one for one.
public func widen(_ values: UnsafeMutableBufferPointer<Float>, into out: UnsafeMutableBufferPointer<Double>) {
    precondition(values.count == out.count)
    for i in 0..<values.count { out[i] = Double(values[i]) }
}

/// out ← x + step·direction.
public func step(
    from x: UnsafePointer<Float>, along direction: UnsafePointer<Float>, by step: Double,
    into out: UnsafeMutablePointer<Float>, count: Int
) {
    let step = Float(step)
    for i in 0..<count { out[i] = x[i] + step * direction[i] }
}

/// sums[k] += Σ_p |scales[p]·y[p, k] − offset[k]| over the rows of a contiguous matrix.
public func addAbsolute(
    _ y: Matrix<Float>, scales: UnsafePointer<Float>, offset: UnsafePointer<Float>, to sums: UnsafeMutablePointer<Float>
) {
    precondition(y.isContiguous)
    ck_pool_abs(y.pointer, y.rows, y.columns, scales, offset, sums)
}

/// sums[k] += Σ_p √((scales[p]·y[p, k] − offset[k])² + ε) over the rows of a contiguous matrix.
public func addSmoothAbsolute(
    _ y: Matrix<Float>, scales: UnsafePointer<Float>, offset: UnsafePointer<Float>, epsilon: Float,
    to sums: UnsafeMutablePointer<Float>
) {
    precondition(y.isContiguous)
    ck_pool_smooth(y.pointer, y.rows, y.columns, scales, offset, epsilon, sums)
}

/// With v = scales[p]·y[p, k] − offset[k]: sums[k] += Σ_p max(0, v − t), sums[columns + k] += Σ_p max(0, −v
/// − t), over the rows of a contiguous matrix.
public func addRectified(
    _ y: Matrix<Float>, scales: UnsafePointer<Float>, offset: UnsafePointer<Float>, threshold: Float,
    to sums: UnsafeMutablePointer<Float>
) {
    precondition(y.isContiguous)
    ck_pool_rectified(y.pointer, y.rows, y.columns, scales, offset, threshold, sums)
}
