import CKernels

/// A convolution whose filters are sums of the same few atoms in every channel, W_m(t, c) = Σ_a u(t, a)·w_m(a, c),
/// computed without W: each channel is convolved with the atoms, once for all maps, z(a, c) = Σ_t u(t, a)·x(t, c),
/// and w mixes what comes of it. Samples are those of `Convolution`, one after the other, on workspaces made once; z
/// of a batch is kept for the way back.
///
/// Its weights are w, (atoms · the input's `pixelFloats`) × `pixelFloats` of the output. Forward takes 2 flops for
/// each tap, atom, float of a pixel and pixel of the output, and 2 for each of the weights and pixel of the output.
/// The weights' gradient takes the latter; the inputs' gradient takes both, the former for each pixel of the input.
/// Rows of taps that see nothing but padding are left out. Gradients of outputs are finite behind their maps, too.
package final class AtomConvolution: ConvolutionWay {
    package let shape: ConvolutionShape
    private let atoms: Int
    private let width: Int32
    private let readsPlanes: Bool
    /// u, taps × atoms.
    private let dictionary: Matrix<Float>
    private let forward: Sums
    /// z of a batch.
    private let pooled: Matrix<Float>
    /// w from z to outputs.
    private let mixing: TapSums
    /// Takes the gradient of outputs to that of z, then that to inputs: with the turned weights, the gradient of z of a
    /// sample, and the turned atoms.
    private let backward:
        (mixing: TapSums, weights: Matrix<Float>, pooled: Matrix<Float>, sums: Sums, u: Matrix<Float>)?

    /// - Parameters:
    ///   - dictionary: u, taps × atoms.
    ///   - capacity: the most samples of a batch.
    ///   - readsPlanes: samples come plane by plane.
    ///   - width: floats of the vectors that are used; nil: of the widest.
    package init(
        _ shape: ConvolutionShape, dictionary: Matrix<Float>, capacity: Int, readsPlanes: Bool, hasInputGradient: Bool,
        width: Int? = nil
    ) {
        precondition(dictionary.rows == shape.taps && dictionary.isContiguous)
        precondition(!readsPlanes || !hasInputGradient, "samples that come plane by plane have no gradient")
        precondition(width.map { [4, 8, 16].contains($0) && $0 <= Convolution.widestVectors } ?? true)
        self.shape = shape
        self.dictionary = dictionary
        self.readsPlanes = readsPlanes
        self.width = width.map(Int32.init) ?? ck_convolution_width()
        atoms = dictionary.columns
        let input = shape.input, output = shape.output, pixel = atoms * input.pixelFloats
        let z = TensorShape(channels: pixel, height: output.height, width: output.width)
        inputColumns = readsPlanes ? input.count : input.sampleFloats
        forward = Sums(
            of: input, pixel: input.pixelFloats, spread: 1, before: shape.padding, size: shape.size,
            stride: shape.stride, into: output, inner: 1)
        pooled = Matrix(rows: capacity, columns: z.count)
        mixing = TapSums(
            of: z, spread: 1, before: 0, size: 1, stride: 1, into: output, framePixel: pixel, width: width)
        guard hasInputGradient else {
            backward = nil
            return
        }
        let g = TensorShape(channels: output.pixelFloats, height: output.height, width: output.width)
        let u = Matrix<Float>(rows: dictionary.rows, columns: dictionary.columns)
        for tap in 0..<u.rows {
            u.rows(tap..<tap + 1).copy(from: dictionary.rows(u.rows - 1 - tap..<u.rows - tap))
        }
        backward = (
            TapSums(
                of: g, spread: 1, before: 0, size: 1, stride: 1, into: z, framePixel: output.pixelFloats, width: width),
            Matrix(rows: output.pixelFloats, columns: pixel), Matrix(rows: 1, columns: z.count),
            Sums(
                of: z, pixel: pixel, spread: shape.stride, before: shape.size - 1 - shape.padding, size: shape.size,
                stride: 1, into: input, inner: atoms), u
        )
    }

    /// The floats of its workspaces.
    package static func floats(
        of shape: ConvolutionShape, atoms: Int, capacity: Int, hasInputGradient: Bool
    ) -> Int {
        let input = shape.input, output = shape.output, pixel = atoms * input.pixelFloats
        let z = TensorShape(channels: pixel, height: output.height, width: output.width)
        let there = shape.taps * atoms + capacity * z.count
            + TapSums.floats(
                of: TensorShape(channels: input.pixelFloats, height: input.height, width: input.width), spread: 1,
                before: shape.padding, size: shape.size, stride: shape.stride, into: output)
        guard hasInputGradient else { return there }
        return there + output.pixelFloats * pixel + z.count + shape.taps * atoms
            + TapSums.floats(
                of: z, spread: shape.stride, before: shape.size - 1 - shape.padding, size: shape.size, stride: 1,
                into: input)
    }

    package let inputColumns: Int
    package var weightRows: Int { atoms * shape.input.pixelFloats }
    package var weightColumns: Int { shape.output.pixelFloats }
    package var weightChannels: Int { shape.input.pixelFloats }

    package func apply(_ x: Matrix<Float>, weights: Matrix<Float>, bias: Matrix<Float>, into y: Matrix<Float>) {
        check(x, y)
        check(weights)
        precondition(bias.rows == 1 && bias.columns == weightColumns)
        for sample in 0..<x.rows {
            let z = pooled.row(sample).baseAddress!
            let frame = forward.frame(of: x.pointer + sample * x.stride, readsPlanes: readsPlanes)
            forward.apply(frame, dictionary.pointer, atoms: atoms, into: z, width: width)
            mixing.apply(z, weights.pointer, bias: bias.pointer, into: y.pointer + sample * y.stride)
        }
    }

    /// - Parameter x: what `apply` was given last.
    package func addWeightGradient(_ x: Matrix<Float>, _ dy: Matrix<Float>, into weights: Matrix<Float>) {
        check(x, dy)
        check(weights)
        for sample in 0..<x.rows {
            mixing.addGradient(
                pooled.row(sample).baseAddress!, dy.pointer + sample * dy.stride, into: weights.pointer)
        }
    }

    package func inputGradient(_ dy: Matrix<Float>, weights: Matrix<Float>, into dx: Matrix<Float>) {
        check(dx, dy)
        check(weights)
        guard let backward else { preconditionFailure("nobody asks for this gradient") }
        transpose(weights, into: backward.weights)
        for sample in 0..<dy.rows {
            backward.mixing.apply(
                dy.pointer + sample * dy.stride, backward.weights.pointer, bias: nil, into: backward.pooled.pointer)
            let frame = backward.sums.frame(of: backward.pooled.pointer, readsPlanes: false)
            backward.sums.apply(
                frame, backward.u.pointer, atoms: 1, into: dx.pointer + sample * dx.stride, width: width)
        }
    }

    private func check(_ x: Matrix<Float>, _ y: Matrix<Float>) {
        precondition(x.columns == inputColumns && y.columns == shape.output.sampleFloats)
        precondition(x.rows == y.rows && x.rows <= pooled.rows)
    }

    private func check(_ weights: Matrix<Float>) {
        precondition(weights.rows == weightRows && weights.columns == weightColumns && weights.isContiguous)
    }
}

/// Sums over taps and, on the way back, atoms, of vectors of channels.
private final class Sums {
    private let input: TensorShape
    private let spread: Int, before: Int, stride: Int
    /// The floats of a pixel of the frame, those of a vector of channels in it, and those of a pixel that comes out.
    private let pixel: Int, channels: Int
    private let zeros: Matrix<Float>
    private let offsets: [Int]
    /// Rows of the output for which the same offsets see the input.
    private let bands: [(rows: Range<Int>, offsets: Range<Int>)]
    private let columns: Int

    /// - Parameters:
    ///   - pixel: the floats of a pixel; what lies behind the input's channels counts for nothing.
    ///   - spread: pixels of the frame from one of the input to the next.
    ///   - before: rows and columns of the frame before the first pixel.
    ///   - inner: vectors of channels in a pixel of the input that are summed.
    init(
        of input: TensorShape, pixel: Int, spread: Int, before: Int, size: Int, stride: Int, into output: TensorShape,
        inner: Int
    ) {
        (self.input, self.spread, self.before, self.stride) = (input, spread, before, stride)
        self.pixel = pixel
        channels = pixel / inner
        columns = output.width
        func length(_ input: Int, _ output: Int) -> Int {
            max(before + (input - 1) * spread + 1, (output - 1) * stride + size)
        }
        zeros = Matrix(
            rows: length(input.height, output.height), columns: length(input.width, output.width) * pixel)
        let line = zeros.columns, channels = channels
        offsets = (0..<size * size * inner).map { i in
            let tap = i / inner
            return tap / size * line + tap % size * pixel + i % inner * channels
        }
        let content = before..<before + (input.height - 1) * spread + 1
        var bands: [(rows: Range<Int>, offsets: Range<Int>)] = []
        for row in 0..<output.height {
            let first = max(0, content.lowerBound - row * stride), end = min(size, content.upperBound - row * stride)
            let seen = first * size * inner..<max(first, end) * size * inner
            if let last = bands.last, last.offsets == seen {
                bands[bands.count - 1].rows = last.rows.lowerBound..<row + 1
            } else {
                bands.append((row..<row + 1, seen))
            }
        }
        self.bands = bands
    }

    /// Copies a sample into the frame.
    func frame(of x: UnsafePointer<Float>, readsPlanes: Bool) -> UnsafePointer<Float> {
        for row in 0..<input.height {
            let to = zeros.pointer + (before + row * spread) * zeros.stride + before * pixel
            if readsPlanes {
                for channel in 0..<input.channels {
                    let from = x + (channel * input.height + row) * input.width
                    for column in 0..<input.width { to[column * spread * pixel + channel] = from[column] }
                }
            } else if spread == 1, input.channels == pixel {
                to.update(from: x + row * input.width * pixel, count: input.width * pixel)
            } else {
                for column in 0..<input.width {
                    (to + column * spread * pixel)
                        .update(from: x + (row * input.width + column) * pixel, count: input.channels)
                }
            }
        }
        return UnsafePointer(zeros.pointer)
    }

    /// - Parameters:
    ///   - u: a row of `atoms` for each tap, or for each tap and atom that are summed.
    ///   - y: for each pixel `atoms` vectors of channels.
    func apply(
        _ frame: UnsafePointer<Float>, _ u: UnsafePointer<Float>, atoms: Int, into y: UnsafeMutablePointer<Float>,
        width: Int32
    ) {
        let line = zeros.stride, row = columns * atoms * channels
        for band in bands {
            offsets.withUnsafeBufferPointer {
                ck_convolve_atoms(
                    width, frame + band.rows.lowerBound * stride * line, stride * line, stride * pixel,
                    $0.baseAddress! + band.offsets.lowerBound, band.offsets.count,
                    u + band.offsets.lowerBound * atoms, atoms, y + band.rows.lowerBound * row, row,
                    band.rows.count, columns, channels)
            }
        }
    }
}
