import CKernels

/// Sums over the taps of filters, for one sample at a time: the way of a convolution, forward, and of gradients back
/// through one.
///
/// The sample is copied into a frame of zeros, where its pixels may be spread; the frame is as large as the filters'
/// places need. Or it is a frame already. Filters may have some of their pixels alone.
final class TapSums {
    private let output: TensorShape
    /// Whether samples come plane by plane, or are frames.
    private let readsPlanes: Bool, readsFrames: Bool
    private let size: Int, stride: Int
    private let width: Int32
    /// Rows of pixels of the input's channels, without the zeros behind these.
    private let frame: SampleFrame
    /// A run for all pixels of a filter that are side by side in the frame, row by row.
    private let runs: [ck_run]
    /// The runs before each row of a filter, and the floats in them.
    private let runsBefore: [Int], floatsBefore: [Int]

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
        (self.output, self.readsPlanes, readsFrames) = (output, readsPlanes, framePixel != nil)
        (self.size, self.stride, self.width) = (size, stride, width.map(Int32.init) ?? ck_convolution_width())
        frame = SampleFrame(
            of: input, pixel: framePixel ?? input.channels, spread: spread, before: before, size: size, stride: stride,
            into: output, isHeld: framePixel == nil)
        let pixel = frame.pixel, line = frame.line
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
        let line = frame.line, pixel = frame.pixel
        for band in frame.bands {
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
        let line = frame.line, pixel = frame.pixel, content = frame.content
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
        readsFrames ? x : frame.filled(with: x, readsPlanes: readsPlanes)
    }
}
