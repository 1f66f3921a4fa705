import CKernels

/// out ← scale·bytes, at memory speed.
///
/// - Parameters:
///   - bytes: as many as there are values.
///   - values: where they go.
public func widen(
    _ bytes: UnsafePointer<UInt8>, scale: Float, into values: UnsafeMutablePointer<Float>, count: Int
) {
    ck_scale_bytes(bytes, scale, values, count)
}
