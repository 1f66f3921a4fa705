import CKernels

/// Sums over the taps of filters, for one sample at a time: the way of a convolution, forward, and of gradients back
/// through one.
///
/// The sample is copied into a frame of zeros, where its pixels may be spread; the frame is as large as the filters'
/// places need. Or it is a frame already. Filters may have some of their pixels alone.
final class TapSums {
    private let input: TensorShape, output: TensorShape
    /// Whether samples come plane by plane.
    private let readsPlanes: Bool
    private let spread: Int, before: Int, size: Int, stride: Int
    private let width: Int32
    /// The frame: rows of pixels of the input's channels, without the zeros behind these. It has none where samples are
    /// frames.
    private let frame: Matrix<Float>
    private let readsFrames: Bool
    /// The floats of a row and of a pixel of a frame.
    private let line: Int, pixel: Int
    /// The rows of the frame that have pixels of the input.
    private let content: Range<Int>
    /// A run for all pixels of a filter that are side by side in the frame, row by row.
    private let runs: [ck_run]
    /// The runs before each row of a filter, and the floats in them.
    private let runsBefore: [Int], floatsBefore: [Int]
    /// Rows of the output for which the same rows of a filter see the input.
    private let bands: [(rows: Range<Int>, filterRows: Range<Int>)]

    /// - Parameters:
    ///   - spread: pixels of the frame from one of the input to the next.
    ///   - before: rows and columns of the frame before the first pixel.
    ///   - size: rows and columns of a filter.
    ///   - stride: pixels of the frame from one place of a filter to the next.
    ///   - output: the maps and the places of the filters.
    ///   - readsPlanes: samples come plane by plane.
    ///   - framePixel: floats of a pixel, where samples are frames; nil: they are copied into one.
    ///   - taps: the pixels of a filter that count, ascending; nil: all.
    ///   - width: floats of the vectors that are used; nil: of the widest.
    init(
        of input: TensorShape, spread: Int, before: Int, size: Int, stride: Int, into output: TensorShape,
        readsPlanes: Bool = false, framePixel: Int? = nil, taps: [Int]? = nil, width: Int?
    ) {
        (self.input, self.output, self.spread, self.before) = (input, output, spread, before)
        self.readsPlanes = readsPlanes
        (self.size, self.stride, self.width) = (size, stride, width.map(Int32.init) ?? ck_convolution_width())
        let (rows, columns) = Self.frame(
            of: input, spread: spread, before: before, size: size, stride: stride, into: output)
        let pixel = framePixel ?? input.channels, line = columns * pixel
        frame = Matrix(rows: framePixel == nil ? rows : 0, columns: line)
        (self.pixel, self.line, readsFrames) = (pixel, line, framePixel != nil)
        let content = before..<before + (input.height - 1) * spread + 1
        self.content = content
        var runs: [ck_run] = [], runsBefore: [Int] = [], floatsBefore: [Int] = [], floats = 0, row = 0
        for tap in taps ?? Array(0..<size * size) {
            let isNewRow = row <= tap / size
            while row <= tap / size {
                runsBefore.append(runs.count)
                floatsBefore.append(floats)
                row += 1
            }
            let offset = tap / size * line + tap % size * pixel
            if !isNewRow, let last = runs.last, last.offset + last.count == offset {
                runs[runs.count - 1].count += input.channels
            } else {
                runs.append(ck_run(offset: offset, count: input.channels))
            }
            floats += input.channels
        }
        let rest = size + 1 - row
        self.runs = runs
        self.runsBefore = runsBefore + [Int](repeating: runs.count, count: rest)
        self.floatsBefore = floatsBefore + [Int](repeating: floats, count: rest)
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
    ///   - w: (taps · channels) × `pixelFloats` of the output.
    ///   - bias: `pixelFloats` of the output; nil: zeros.
    func apply(
        _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>
    ) {
        let start = framed(x), maps = output.pixelFloats, row = output.width * maps
        for band in bands {
            let first = band.filterRows.lowerBound, begin = runsBefore[first]
            runs.withUnsafeBufferPointer {
                ck_convolve(
                    width, start + band.rows.lowerBound * stride * line, stride * line, stride * pixel,
                    $0.baseAddress! + begin, runsBefore[band.filterRows.upperBound] - begin,
                    w + floatsBefore[first] * maps, maps, bias, y + band.rows.lowerBound * row, row, band.rows.count,
                    output.width)
            }
        }
    }

    /// Adds the sums over all places of what a tap sees × g there.
    ///
    /// - Parameter w: (taps · channels) × `pixelFloats` of the output.
    func addGradient(
        _ x: UnsafePointer<Float>, _ g: UnsafePointer<Float>, into w: UnsafeMutablePointer<Float>
    ) {
        let start = framed(x), maps = output.pixelFloats, row = output.width * maps
        for tap in 0..<size {
            let first = max(0, (content.lowerBound - tap + stride - 1) / stride)
            let end = min(output.height, (content.upperBound - 1 - tap + stride) / stride)
            let begin = runsBefore[tap], count = runsBefore[tap + 1] - begin
            guard first < end, count > 0 else { continue }
            runs.withUnsafeBufferPointer {
                ck_convolution_gradient(
                    width, start + first * stride * line, stride * line, stride * pixel, $0.baseAddress! + begin, count,
                    w + floatsBefore[tap] * maps, maps, g + first * row, row, end - first, output.width)
            }
        }
    }

    /// The frame of a sample, which is copied into it unless it is one.
    private func framed(_ x: UnsafePointer<Float>) -> UnsafePointer<Float> {
        if readsFrames { return x }
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
        return UnsafePointer(frame.pointer)
    }
}
