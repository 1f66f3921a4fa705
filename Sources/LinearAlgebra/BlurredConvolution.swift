/// How the filters of a convolution are given where not by all of their pixels: each is a sum of kernels around some of
/// them, k(i)·k(j) for rows and columns, which may reach beyond the filter. Then the input, with its padding, is
/// blurred once by that kernel, and these pixels are all that is left of a filter.
public struct Blurring: Hashable, Sendable {
    /// The pixels of a filter, ascending.
    public let taps: [Int]
    /// k from −reach to reach, symmetric.
    public let kernel: [Float]

    public init(taps: [Int], kernel: [Float]) {
        precondition(!taps.isEmpty && taps[0] >= 0 && kernel.count % 2 == 1)
        precondition(zip(taps, taps.dropFirst()).allSatisfy(<), "taps are ascending")
        self.taps = taps
        self.kernel = kernel
    }
}

/// A convolution of blurred samples, whose filters have few pixels that count. Samples are those of `Convolution`; they
/// are blurred once, into frames as large as the places of filters need, and kept for the way back. `Blur` has what a
/// blur takes, on the way and back.
///
/// Weights are (taps · channels) × `pixelFloats` of the output. The frames are convolved directly, at the taps alone:
/// 2 flops for each row of the weights, each of their columns and each pixel of the output, and 2 for each tap and map,
/// each float of a frame on the way back. Or they are convolved by Fourier transforms, which take no notice of how many
/// taps there are.
public final class BlurredConvolution: ConvolutionWay {
    public let shape: ConvolutionShape
    private let frames: any ConvolutionWay
    private let taps: [Int]
    /// The filters with all of their pixels, and their gradient, where they are taken by Fourier transforms.
    private let filters: Matrix<Float>, filterGradient: Matrix<Float>
    private let forward: Blur, backward: Blur?
    /// The blurred samples of a batch, then their gradients, and a sample that came plane by plane, its pixels side by
    /// side.
    private let blurred: Matrix<Float>, pixels: Matrix<Float>

    /// - Parameters:
    ///   - capacity: the most samples of a batch.
    ///   - readsPlanes: its inputs are samples as they come.
    ///   - hasInputGradient: whether somebody asks for the gradient of its inputs; not where it reads planes.
    ///   - byFourier: frames are convolved by Fourier transforms; not where samples come plane by plane.
    ///   - width: floats of the vectors that are used, as for `Convolution`.
    /// - Precondition: by Fourier transforms filters are at every pixel.
    public init(
        _ shape: ConvolutionShape, _ blurring: Blurring, capacity: Int, readsPlanes: Bool, hasInputGradient: Bool,
        byFourier: Bool = false, width: Int? = nil
    ) {
        precondition(blurring.taps.last! < shape.taps)
        precondition(!readsPlanes || !hasInputGradient && !byFourier, "samples that come plane by plane")
        self.shape = shape
        taps = blurring.taps
        let input = shape.input, frame = shape.frame, framed = shape.framed
        let pixel = readsPlanes ? input.channels : input.pixelFloats
        inputColumns = readsPlanes ? input.count : input.sampleFloats
        let all = byFourier ? shape.taps * input.channels : 0
        filters = Matrix(rows: all, columns: shape.output.pixelFloats)
        filterGradient = Matrix(rows: all, columns: shape.output.pixelFloats)
        frames =
            if byFourier {
                FourierConvolution(framed, capacity: capacity)
            } else {
                Convolution(
                    framed, taps: taps, framePixel: pixel, hasInputGradient: hasInputGradient, width: width)
            }
        forward = Blur(
            rows: input.height, columns: input.width, into: frame.height, frame.width, origin: shape.padding,
            pixelFloats: pixel, kernel: blurring.kernel)
        backward = hasInputGradient
            ? Blur(
                rows: frame.height, columns: frame.width, into: input.height, input.width, origin: -shape.padding,
                pixelFloats: pixel, kernel: blurring.kernel) : nil
        blurred = Matrix(rows: capacity, columns: frame.positions * pixel)
        pixels = readsPlanes
            ? Matrix(rows: input.positions, columns: input.channels) : Matrix(rows: 0, columns: 0)
    }

    /// The floats of its workspaces.
    ///
    /// - Parameter taps: how many pixels of a filter count.
    package static func floats(
        of shape: ConvolutionShape, taps: Int, reach: Int, capacity: Int, readsPlanes: Bool, hasInputGradient: Bool,
        byFourier: Bool
    ) -> Int {
        let input = shape.input, frame = shape.frame, framed = shape.framed
        let pixel = readsPlanes ? input.channels : input.pixelFloats
        let there = capacity * frame.positions * pixel + (readsPlanes ? input.count : 0)
            + Blur.floats(
                columns: input.width, into: frame.width, origin: shape.padding, pixelFloats: pixel, reach: reach)
        let back = hasInputGradient
            ? Blur.floats(
                columns: frame.width, into: input.width, origin: -shape.padding, pixelFloats: pixel, reach: reach) : 0
        return there + back
            + (byFourier
                ? FourierConvolution.floats(of: framed, capacity: capacity)
                    + 2 * shape.taps * input.channels * shape.output.pixelFloats
                : Convolution.floats(of: framed, taps: taps, hasInputGradient: hasInputGradient))
    }

    public let inputColumns: Int
    public var capacity: Int { blurred.rows }
    public var weightRows: Int { taps.count * shape.input.channels }
    public var weightColumns: Int { shape.output.pixelFloats }
    public var weightChannels: Int { shape.input.channels }

    public func apply(_ x: Matrix<Float>, weights: Matrix<Float>, bias: Matrix<Float>, into y: Matrix<Float>) {
        check(x, y)
        check(weights: weights, bias: bias)
        let filters = filters(of: weights)
        forEachChunk(of: x.rows) { samples in
            for sample in samples {
                var from = x.pointer + sample * x.stride
                if pixels.rows > 0 {
                    transpose(
                        x.rows(sample..<sample + 1).reshaped(rows: pixels.columns, columns: pixels.rows), into: pixels)
                    from = pixels.pointer
                }
                forward.apply(from, into: blurred.row(sample).baseAddress!)
            }
            frames.apply(blurred.rows(samples), weights: filters, bias: bias, into: y.rows(samples))
        }
    }

    /// - Parameter x: what `apply` was given last.
    public func addWeightGradient(_ x: Matrix<Float>, _ dy: Matrix<Float>, into weights: Matrix<Float>) {
        check(x, dy)
        check(weights: weights)
        guard filters.rows > 0 else {
            frames.addWeightGradient(blurred.rows(0..<x.rows), dy, into: weights)
            return
        }
        filterGradient.fill(0)
        forEachTap { own, all in filterGradient.rows(all).copy(from: weights.rows(own)) }
        frames.addWeightGradient(blurred.rows(0..<x.rows), dy, into: filterGradient)
        forEachTap { own, all in weights.rows(own).copy(from: filterGradient.rows(all)) }
    }

    public func inputGradient(_ dy: Matrix<Float>, weights: Matrix<Float>, into dx: Matrix<Float>) {
        check(dx, dy)
        check(weights: weights)
        guard let backward else { preconditionFailure("nobody asks for this gradient") }
        forEachChunk(of: dy.rows) { samples in
            frames.inputGradient(
                dy.rows(samples), weights: filters.rows > 0 ? filters : weights, into: blurred.rows(samples))
            for sample in samples {
                backward.apply(blurred.row(sample).baseAddress!, into: dx.pointer + sample * dx.stride)
            }
        }
    }

    /// Calls `body` with a few samples at a time, whose frames stay in cache until they are convolved; Fourier
    /// transforms take all at once.
    private func forEachChunk(of samples: Int, _ body: (Range<Int>) -> Void) {
        let chunk = filters.rows > 0 ? samples : 4
        for first in stride(from: 0, to: samples, by: max(1, chunk)) { body(first..<min(first + chunk, samples)) }
    }

    /// The weights as frames are convolved with them.
    private func filters(of weights: Matrix<Float>) -> Matrix<Float> {
        guard filters.rows > 0 else { return weights }
        forEachTap { own, all in filters.rows(all).copy(from: weights.rows(own)) }
        return filters
    }

    /// Calls `body` with the rows of a tap in the weights and in the filters.
    private func forEachTap(_ body: (Range<Int>, Range<Int>) -> Void) {
        let channels = shape.input.channels
        for (t, tap) in taps.enumerated() {
            body(t * channels..<(t + 1) * channels, tap * channels..<(tap + 1) * channels)
        }
    }
}

extension ConvolutionShape {
    /// The same places of filters in what they see, which needs no padding.
    package var framed: ConvolutionShape {
        ConvolutionShape(input: frame, maps: maps, size: size, stride: stride)
    }
}
