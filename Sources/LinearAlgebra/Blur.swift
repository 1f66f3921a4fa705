import CKernels

/// Sums of neighbours weighted by a kernel along rows, then along columns, of one sample whose channels are innermost:
/// y(i, j) = Σ k(i − o − a)·k(j − o − b)·x(a, b), over all pixels (a, b) of x that lie within the kernel's
/// reach. y may be larger or smaller than x, and begin elsewhere.
///
/// 2 flops for each tap of the kernel, float of x's columns and row of y, and as many for each float of y.
final class Blur {
    private let rows: Int, columns: Int, outputRows: Int, outputColumns: Int
    private let pixelFloats: Int
    private let kernel: [Float]
    private let origin: Int
    /// One row of y before it is blurred along itself, between zeros.
    private let line: Matrix<Float>
    /// Where x's columns begin in it.
    private let margin: Int

    /// - Parameters:
    ///   - rows, columns: the pixels of x.
    ///   - outputRows, outputColumns: those of y.
    ///   - origin: o, the row and the column of y where x's first pixel is.
    ///   - kernel: k from −reach to reach, symmetric.
    init(
        rows: Int, columns: Int, into outputRows: Int, _ outputColumns: Int, origin: Int, pixelFloats: Int,
        kernel: [Float]
    ) {
        (self.rows, self.columns, self.outputRows, self.outputColumns) = (rows, columns, outputRows, outputColumns)
        (self.origin, self.pixelFloats, self.kernel) = (origin, pixelFloats, kernel)
        margin = max(0, origin + kernel.count / 2)
        let floats = Self.floats(
            columns: columns, into: outputColumns, origin: origin, pixelFloats: pixelFloats, reach: kernel.count / 2)
        line = Matrix(rows: 1, columns: floats)
    }

    /// The floats of its workspace.
    static func floats(columns: Int, into outputColumns: Int, origin: Int, pixelFloats: Int, reach: Int) -> Int {
        (max(0, origin + reach) + max(columns, outputColumns - origin + reach)) * pixelFloats
    }

    /// - Parameters:
    ///   - x: rows × columns × `pixelFloats`.
    ///   - y: outputRows × outputColumns × `pixelFloats`.
    func apply(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>) {
        let reach = kernel.count / 2, row = columns * pixelFloats, outputRow = outputColumns * pixelFloats
        kernel.withUnsafeBufferPointer { kernel in
            for i in 0..<outputRows {
                let first = max(0, i - origin - reach), end = min(rows, i - origin + reach + 1)
                let to = line.pointer + margin * pixelFloats
                if first < end {
                    ck_blur(
                        x + first * row, row, kernel.baseAddress! + first - (i - origin - reach), end - first, to, row)
                } else {
                    to.update(repeating: 0, count: row)
                }
                ck_blur(
                    line.pointer + (margin - origin - reach) * pixelFloats, pixelFloats, kernel.baseAddress!,
                    kernel.count, y + i * outputRow, outputRow)
            }
        }
    }
}
