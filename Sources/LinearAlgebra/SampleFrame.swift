/// A sample among zeros, as many as the places of filters need, where its pixels may be spread.
final class SampleFrame {
    private let input: TensorShape
    private let spread: Int, before: Int
    /// The floats of a pixel and of a row.
    let pixel: Int, line: Int
    /// The rows that have pixels of the input.
    let content: Range<Int>
    /// Rows of the output for which the same rows of a filter see the input.
    let bands: [(rows: Range<Int>, filterRows: Range<Int>)]
    private let zeros: Matrix<Float>

    /// - Parameters:
    ///   - pixel: floats of a pixel; what lies behind the input's channels stays 0.
    ///   - spread: pixels from one of the input to the next.
    ///   - before: rows and columns before the first pixel.
    ///   - size: rows and columns of a filter.
    ///   - stride: pixels from one place of a filter to the next.
    ///   - output: the places of the filters.
    ///   - isHeld: whether it has memory; not where samples are such frames already.
    init(
        of input: TensorShape, pixel: Int, spread: Int, before: Int, size: Int, stride: Int, into output: TensorShape,
        isHeld: Bool = true
    ) {
        (self.input, self.pixel, self.spread, self.before) = (input, pixel, spread, before)
        let (rows, columns) = Self.pixels(
            of: input, spread: spread, before: before, size: size, stride: stride, into: output)
        line = columns * pixel
        zeros = Matrix(rows: isHeld ? rows : 0, columns: line)
        content = before..<before + (input.height - 1) * spread + 1
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

    /// Its floats.
    static func floats(
        of input: TensorShape, pixel: Int, spread: Int, before: Int, size: Int, stride: Int, into output: TensorShape
    ) -> Int {
        let (rows, columns) = pixels(
            of: input, spread: spread, before: before, size: size, stride: stride, into: output)
        return rows * columns * pixel
    }

    private static func pixels(
        of input: TensorShape, spread: Int, before: Int, size: Int, stride: Int, into output: TensorShape
    ) -> (rows: Int, columns: Int) {
        func length(_ input: Int, _ output: Int) -> Int {
            max(before + (input - 1) * spread + 1, (output - 1) * stride + size)
        }
        return (length(input.height, output.height), length(input.width, output.width))
    }

    /// Copies a sample into it, of which pixels have their channels side by side, or which comes plane by plane.
    func filled(with x: UnsafePointer<Float>, readsPlanes: Bool) -> UnsafePointer<Float> {
        let channels = input.channels, floats = input.pixelFloats
        for row in 0..<input.height {
            let to = zeros.pointer + (before + row * spread) * line + before * pixel
            if readsPlanes {
                for channel in 0..<channels {
                    let from = x + (channel * input.height + row) * input.width
                    for column in 0..<input.width { to[column * spread * pixel + channel] = from[column] }
                }
                continue
            }
            let from = x + row * input.width * floats
            if spread == 1, channels == floats, pixel == floats {
                to.update(from: from, count: input.width * floats)
                continue
            }
            for column in 0..<input.width {
                (to + column * spread * pixel).update(from: from + column * floats, count: channels)
            }
        }
        return UnsafePointer(zeros.pointer)
    }
}
