internal import CKernels
import LinearAlgebra

/// Every size×size patch of an image at stride 1: a row each, position by position in row-major order, a patch ordered
/// channel, row, column with values 0 to 255.
///
/// `planes` holds shape.count bytes; `patches` is (height − size + 1)(width − size + 1) × channels·size².
public func extractPatches(
    planes: UnsafePointer<UInt8>, shape: TensorShape, size: Int, into patches: Matrix<Float>
) {
    precondition(
        patches.rows == patchPositions(of: shape, size: size) && patches.columns == shape.channels * size * size,
        "patches of \(size)×\(size) from an image of \(shape) into \(patches.rows)×\(patches.columns)")
    ck_extract_patches(
        planes, shape.channels, shape.height, shape.width, size, patches.pointer, patches.stride)
}

/// The scale that contrast normalisation gives every patch of `extractPatches`: 1/√(var + 10), var over n − 1.
///
/// Running sums in whole numbers, so the variance is exact before its division; O(height · width · channels).
public func patchScales(
    planes: UnsafePointer<UInt8>, shape: TensorShape, size: Int, into scales: UnsafeMutableBufferPointer<Float>
) {
    precondition(scales.count == patchPositions(of: shape, size: size))
    // Column sums of squares are kept in 32 bits.
    precondition(shape.channels * size <= 66_051, "patches of \(size) rows are too large")
    ck_patch_scales(
        planes, shape.channels, shape.height, shape.width, size, contrastOffset, scales.baseAddress!)
}

/// The positions of a size×size patch in an image.
public func patchPositions(of shape: TensorShape, size: Int) -> Int {
    precondition(
        size >= 1 && size <= min(shape.height, shape.width), "patches of \(size)×\(size) from an image of \(shape)")
    return (shape.height - size + 1) * (shape.width - size + 1)
}
