import CKernels

/// Sums over the taps of filters, for one sample at a time: the way of a convolution, forward, and of gradients back
/// through one.
///
/// The sample is copied into a frame of zeros, where its pixels may be spread; the frame is as large as the filters'
/// places need.
final class TapSums {
    private let input: TensorShape, output: TensorShape
    /// Whether samples come plane by plane.
    private let readsPlanes: Bool
    private let spread: Int, before: Int, size: Int, stride: Int
    private let width: Int32
    /// The frame: rows of pixels of the input's channels, without the zeros behind these.
    private let frame: Matrix<Float>
    /// The rows of the frame that have pixels of the input.
    private let content: Range<Int>
    /// A run for each row of a filter, whose pixels are side by side in the frame.
    private let runs: [ck_run]
    /// Rows of the output for which the same rows of a filter see the input.
    private let bands: [(rows: Range<Int>, filterRows: Range<Int>)]

    /// - Parameters:
    ///   - spread: pixels of the frame from one of the input to the next.
    ///   - before: rows and columns of the frame before the first pixel.
    ///   - size: rows and columns of a filter.
    ///   - stride: pixels of the frame from one place of a filter to the next.
    ///   - output: the maps and the places of the filters.
    ///   - readsPlanes: samples come plane by plane.
    ///   - width: floats of the vectors that are used; nil: of the widest.
    init(
        of input: TensorShape, spread: Int, before: Int, size: Int, stride: Int, into output: TensorShape,
        readsPlanes: Bool = false, width: Int?
    ) {
        (self.input, self.output, self.spread, self.before) = (input, output, spread, before)
        self.readsPlanes = readsPlanes
        (self.size, self.stride, self.width) = (size, stride, width.map(Int32.init) ?? ck_convolution_width())
        let (rows, columns) = Self.frame(
            of: input, spread: spread, before: before, size: size, stride: stride, into: output)
        frame = Matrix(rows: rows, columns: columns * input.channels)
        let content = before..<before + (input.height - 1) * spread + 1, line = frame.stride
        self.content = content
        runs = (0..<size).map { ck_run(offset: $0 * line, count: size * input.channels) }
        var bands: [(rows: Range<Int>, filterRows: Range<Int>)] = []
        for row in 0..<output.height {
            let first = max(0, content.lowerBound - row * stride), end = min(size, content.upperBound - row * stride)
            let seen = first..<max(first, end)
            if let last = bands.last, last.filterRows == seen {
                bands[bands.count - 1].rows = last.rows.lowerBound..<row + 1
            } else {
                bands.append((row..<row + 1, seen))
            }
        }
        self.bands = bands
    }

    /// Floats of the frame.
    static func floats(
        of input: TensorShape, spread: Int, before: Int, size: Int, stride: Int, into output: TensorShape
    ) -> Int {
        let (rows, columns) = frame(
            of: input, spread: spread, before: before, size: size, stride: stride, into: output)
        return rows * columns * input.channels
    }

    /// The pixels of the frame.
    private static func frame(
        of input: TensorShape, spread: Int, before: Int, size: Int, stride: Int, into output: TensorShape
    ) -> (rows: Int, columns: Int) {
        func length(_ input: Int, _ output: Int) -> Int {
            max(before + (input - 1) * spread + 1, (output - 1) * stride + size)
        }
        return (length(input.height, output.height), length(input.width, output.width))
    }

    /// Computes the sums of all places, beginning with `bias`.
    ///
    /// - Parameters:
    ///   - w: (size² · channels) × `pixelFloats` of the output.
    ///   - bias: `pixelFloats` of the output; nil: zeros.
    func apply(
        _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>
    ) {
        fill(x)
        let maps = output.pixelFloats, row = output.width * maps, filterRow = size * input.channels * maps
        for band in bands {
            let first = band.filterRows.lowerBound
            runs.withUnsafeBufferPointer {
                ck_convolve(
                    width, frame.pointer + band.rows.lowerBound * stride * frame.stride, stride * frame.stride,
                    stride * input.channels, $0.baseAddress! + first, band.filterRows.count, w + first * filterRow,
                    maps, bias, y + band.rows.lowerBound * row, row, band.rows.count, output.width)
            }
        }
    }

    /// Adds the sums over all places of what a tap sees × g there.
    ///
    /// - Parameter w: (size² · channels) × `pixelFloats` of the output.
    func addGradient(
        _ x: UnsafePointer<Float>, _ g: UnsafePointer<Float>, into w: UnsafeMutablePointer<Float>
    ) {
        fill(x)
        let maps = output.pixelFloats, row = output.width * maps, filterRow = size * input.channels * maps
        for tap in 0..<size {
            let first = max(0, (content.lowerBound - tap + stride - 1) / stride)
            let end = min(output.height, (content.upperBound - 1 - tap + stride) / stride)
            guard first < end else { continue }
            runs.withUnsafeBufferPointer {
                ck_convolution_gradient(
                    width, frame.pointer + first * stride * frame.stride, stride * frame.stride,
                    stride * input.channels, $0.baseAddress! + tap, 1, w + tap * filterRow, maps, g + first * row, row,
                    end - first, output.width)
            }
        }
    }

    /// Copies a sample into the frame.
    private func fill(_ x: UnsafePointer<Float>) {
        let channels = input.channels, floats = input.pixelFloats
        for row in 0..<input.height {
            let to = frame.pointer + (before + row * spread) * frame.stride + before * channels
            if readsPlanes {
                for channel in 0..<channels {
                    let from = x + (channel * input.height + row) * input.width
                    for pixel in 0..<input.width { to[pixel * spread * channels + channel] = from[pixel] }
                }
                continue
            }
            let from = x + row * input.width * floats
            if spread == 1, channels == floats {
                to.update(from: from, count: input.width * floats)
                continue
            }
            for pixel in 0..<input.width {
                (to + pixel * spread * channels).update(from: from + pixel * floats, count: channels)
            }
        }
    }
}
