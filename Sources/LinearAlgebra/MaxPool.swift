import CKernels

/// The largest values of square windows, for samples whose channels are innermost, as those of a `Convolution`.
///
/// All windows lie inside of the input: rows and columns that are too few for another window are left out.
public struct MaxPool: Hashable, Sendable {
    public let input: TensorShape
    /// Rows, and columns, of a window.
    public let size: Int
    /// Pixels from one window to the next.
    public let stride: Int

    /// - Precondition: a window fits into the input.
    public init(input: TensorShape, size: Int, stride: Int) {
        precondition(size > 0 && stride > 0)
        precondition(size <= min(input.height, input.width), "windows of \(size) for \(input)")
        self.input = input
        self.size = size
        self.stride = stride
    }

    public var output: TensorShape { input.places(size: size, stride: stride, channels: input.channels) }

    /// Computes the largest values, of which NaN is the largest, and where they are, for `gradient`. Memory speed.
    ///
    /// - Parameters:
    ///   - x: samples × the input's `sampleFloats`.
    ///   - y: samples × the output's `sampleFloats`.
    ///   - places: for each value its place in the window; the first of equal ones.
    public func apply(_ x: Matrix<Float>, into y: Matrix<Float>, places: UnsafeMutablePointer<Int32>) {
        check(x, y)
        for sample in 0..<x.rows {
            ck_max_pool(
                x.pointer + sample * x.stride, input.width, input.pixelFloats, size, stride, output.height,
                output.width, y.pointer + sample * y.stride, places + sample * output.sampleFloats)
        }
    }

    /// Computes ∂L/∂x from ∂L/∂y, with the places that `apply` found.
    public func gradient(_ dy: Matrix<Float>, places: UnsafePointer<Int32>, into dx: Matrix<Float>) {
        check(dx, dy)
        dx.fill(0)
        for sample in 0..<dy.rows {
            ck_max_pool_back(
                dy.pointer + sample * dy.stride, places + sample * output.sampleFloats, output.height, output.width,
                input.pixelFloats, size, stride, dx.pointer + sample * dx.stride, input.width)
        }
    }

    private func check(_ x: Matrix<Float>, _ y: Matrix<Float>) {
        precondition(x.columns == input.sampleFloats && y.columns == output.sampleFloats && x.rows == y.rows)
    }
}
