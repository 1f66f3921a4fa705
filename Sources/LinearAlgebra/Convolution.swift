import CKernels

/// The shapes of a convolution: of its input, of its square filters, and of its output.
public struct ConvolutionShape: Hashable, Sendable {
    public let input: TensorShape
    /// Maps that come out.
    public let maps: Int
    /// Rows, and columns, of a filter.
    public let size: Int
    /// Pixels from one place of a filter to the next.
    public let stride: Int
    /// Rows and columns of zeros around the input.
    public let padding: Int

    /// - Precondition: a filter fits into the padded input, and `padding` is below `size`.
    public init(input: TensorShape, maps: Int, size: Int, stride: Int = 1, padding: Int = 0) {
        precondition(input.channels > 0 && maps > 0 && size > 0 && stride > 0 && padding >= 0 && padding < size)
        precondition(min(input.height, input.width) + 2 * padding >= size, "filters of \(size) for \(input)")
        self.input = input
        self.maps = maps
        self.size = size
        self.stride = stride
        self.padding = padding
    }

    public var output: TensorShape { input.places(size: size, stride: stride, padding: padding, channels: maps) }

    /// A filter.
    public var filter: TensorShape { TensorShape(channels: input.channels, height: size, width: size) }
    /// The pixels of a filter.
    public var taps: Int { size * size }
    /// The same places of filters that end so many pixels earlier on all sides.
    public func window(reach: Int) -> ConvolutionShape {
        ConvolutionShape(input: input, maps: maps, size: size - 2 * reach, stride: stride, padding: padding - reach)
    }
    /// What filters see: the input with its padding, or as much of it as their places need.
    public var frame: TensorShape {
        let output = output
        return TensorShape(
            channels: input.channels, height: (output.height - 1) * stride + size,
            width: (output.width - 1) * stride + size)
    }
}

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

/// A way to compute a convolution of samples whose pixels have their channels side by side.
public protocol ConvolutionWay: AnyObject {
    var shape: ConvolutionShape { get }
    /// Floats of a sample that is read.
    var inputColumns: Int { get }
    var weightRows: Int { get }
    /// Columns of the weights, those of the output's maps first.
    var weightColumns: Int { get }
    /// Rows of the weights that belong to one tap, or atom; the first are those of the input's channels.
    var weightChannels: Int { get }
    /// Computes outputs.
    ///
    /// - Parameters:
    ///   - x: samples, a row each of `inputColumns` floats.
    ///   - bias: a row of `weightColumns`.
    ///   - y: as many rows, of the output's `sampleFloats`.
    func apply(_ x: Matrix<Float>, weights: Matrix<Float>, bias: Matrix<Float>, into y: Matrix<Float>)
    /// Adds the gradient of weights.
    ///
    /// - Parameters:
    ///   - x: what `apply` was given last.
    ///   - dy: the gradient of the outputs.
    func addWeightGradient(_ x: Matrix<Float>, _ dy: Matrix<Float>, into weights: Matrix<Float>)
    /// Computes the gradient of inputs, for those that were made with one.
    ///
    /// - Parameters:
    ///   - dy: what `addWeightGradient` was given last.
    ///   - weights: what `apply` was given last.
    func inputGradient(_ dy: Matrix<Float>, weights: Matrix<Float>, into dx: Matrix<Float>)
    /// The most samples of a batch.
    var capacity: Int { get }
}

extension ConvolutionWay {
    func check(_ x: Matrix<Float>, _ y: Matrix<Float>) {
        precondition(x.columns == inputColumns && y.columns == shape.output.sampleFloats)
        precondition(x.rows == y.rows && x.rows <= capacity)
    }

    func check(weights: Matrix<Float>, bias: Matrix<Float>? = nil) {
        precondition(weights.rows == weightRows && weights.columns == weightColumns && weights.isContiguous)
        precondition(bias.map { $0.rows == 1 && $0.columns == weightColumns } ?? true)
    }
}

/// A direct convolution of samples whose channels are innermost: element (y, x, c) of a sample is at
/// (y·width + x)·`pixelFloats` + c. What lies between the channels and `pixelFloats` of an input counts for nothing;
/// it is 0 in what is made here where it is 0 in the weights, the bias and what is given. The first layer of a
/// network reads samples as they come, plane by plane. One sample after the other, on workspaces made once: a sample
/// with its padding, or where inputs are blurred, those of a batch.
///
/// Weights are a matrix of (taps · channels) × `pixelFloats` of the output, a row for each pixel of a filter (row by
/// row) and channel. Rows of taps that see nothing but padding are left out, unless inputs are blurred. Forward, and
/// for the weights' gradient, 2 flops for each row of the weights, each of their columns and each pixel of the output.
/// The inputs' gradient takes 2 for each tap and map, each of the input's `pixelFloats` and each pixel of the input, or
/// of what is blurred. `Blur` has what a blur takes, on the way and back.
public final class Convolution: ConvolutionWay {
    public let shape: ConvolutionShape
    private let forward: TapSums
    /// Takes gradients of outputs back to inputs: a convolution with the filters turned by 180°.
    private let backward: (sums: TapSums, weights: Matrix<Float>)?
    /// What blurs samples on their way, and the gradient of one on the way back.
    private let blur: (forward: Blur, backward: Blur?)?
    /// The blurred samples of a batch, the gradient of one, and one that came plane by plane, its pixels side by side.
    private let frames: Matrix<Float>, frameGradient: Matrix<Float>, pixels: Matrix<Float>
    /// The pixels of a filter that count.
    private let taps: Int

    /// - Parameters:
    ///   - blurring: nil: filters have all of their pixels.
    ///   - capacity: the most samples that `apply` is given where inputs are blurred.
    ///   - readsPlanes: its inputs are samples as they come.
    ///   - hasInputGradient: whether somebody asks for the gradient of its inputs; not where it reads planes.
    ///   - width: floats of the vectors that are used, 4, 8 or 16, at most `widestVectors`; nil: the widest.
    public init(
        _ shape: ConvolutionShape, blurring: Blurring? = nil, capacity: Int = 1, readsPlanes: Bool = false,
        hasInputGradient: Bool = true, width: Int? = nil
    ) {
        precondition(!readsPlanes || !hasInputGradient, "the gradient of a sample")
        precondition(width.map { [4, 8, 16].contains($0) && $0 <= Self.widestVectors } ?? true, "vectors of \(width!)")
        self.shape = shape
        let input = shape.input, output = shape.output, taps = blurring?.taps
        inputColumns = readsPlanes ? input.count : input.sampleFloats
        self.taps = taps?.count ?? shape.taps
        let none = Matrix<Float>(rows: 0, columns: 0)
        guard let blurring else {
            blur = nil
            (frames, frameGradient, pixels) = (none, none, none)
            forward = TapSums(
                of: input, spread: 1, before: shape.padding, size: shape.size, stride: shape.stride, into: output,
                readsPlanes: readsPlanes, width: width)
            let sums = hasInputGradient
                ? TapSums(
                    of: output, spread: shape.stride, before: shape.size - 1 - shape.padding, size: shape.size,
                    stride: 1, into: input, width: width) : nil
            backward = sums.map { ($0, Matrix(rows: shape.taps * shape.maps, columns: input.pixelFloats)) }
            return
        }
        precondition(blurring.taps.last! < shape.taps)
        let frame = shape.frame, pixelFloats = readsPlanes ? input.channels : input.pixelFloats
        forward = TapSums(
            of: frame, spread: 1, before: 0, size: shape.size, stride: shape.stride, into: output,
            framePixel: pixelFloats, taps: taps, width: width)
        let there = Blur(
            rows: input.height, columns: input.width, into: frame.height, frame.width, origin: shape.padding,
            pixelFloats: pixelFloats, kernel: blurring.kernel)
        frames = Matrix(rows: capacity, columns: frame.positions * pixelFloats)
        pixels = readsPlanes ? Matrix(rows: input.positions, columns: input.channels) : none
        frameGradient = hasInputGradient ? Matrix(rows: 1, columns: frames.columns) : none
        guard hasInputGradient else {
            blur = (there, nil)
            backward = nil
            return
        }
        let back = Blur(
            rows: frame.height, columns: frame.width, into: input.height, input.width, origin: -shape.padding,
            pixelFloats: pixelFloats, kernel: blurring.kernel)
        blur = (there, back)
        let turned = blurring.taps.reversed().map { shape.taps - 1 - $0 }
        let sums = TapSums(
            of: output, spread: shape.stride, before: shape.size - 1, size: shape.size, stride: 1, into: frame,
            taps: turned, width: width)
        backward = (sums, Matrix(rows: turned.count * shape.maps, columns: input.pixelFloats))
    }

    /// The floats of its workspaces.
    ///
    /// - Parameter blurring: how many taps there are where inputs are blurred, and the reach of the kernel.
    public static func floats(
        of shape: ConvolutionShape, blurring: (taps: Int, reach: Int)?, capacity: Int, readsPlanes: Bool,
        hasInputGradient: Bool
    ) -> Int {
        let input = shape.input, output = shape.output
        guard let blurring else {
            let frame = SampleFrame.floats(
                of: input, pixel: input.channels, spread: 1, before: shape.padding, size: shape.size,
                stride: shape.stride, into: output)
            guard hasInputGradient else { return frame }
            return frame + shape.taps * shape.maps * input.pixelFloats
                + SampleFrame.floats(
                    of: output, pixel: shape.maps, spread: shape.stride, before: shape.size - 1 - shape.padding,
                    size: shape.size, stride: 1, into: input)
        }
        let frame = shape.frame, pixelFloats = readsPlanes ? input.channels : input.pixelFloats
        let there = capacity * frame.positions * pixelFloats + (readsPlanes ? input.count : 0)
            + Blur.floats(
                columns: input.width, into: frame.width, origin: shape.padding, pixelFloats: pixelFloats,
                reach: blurring.reach)
        guard hasInputGradient else { return there }
        let back = Blur.floats(
            columns: frame.width, into: input.width, origin: -shape.padding, pixelFloats: pixelFloats,
            reach: blurring.reach)
        return there + back + frame.positions * pixelFloats + blurring.taps * shape.maps * input.pixelFloats
            + SampleFrame.floats(
                of: output, pixel: shape.maps, spread: shape.stride, before: shape.size - 1, size: shape.size,
                stride: 1, into: frame)
    }

    /// Floats of a sample that is read.
    public let inputColumns: Int

    /// Floats of the widest vectors that this processor has.
    public static var widestVectors: Int { Int(ck_convolution_width()) }

    /// Rows of the weights.
    public var weightRows: Int { taps * shape.input.channels }
    public var weightChannels: Int { shape.input.channels }
    /// Any number, but where blurred inputs are kept.
    public var capacity: Int { blur == nil ? .max : frames.rows }
    /// Columns of the weights, those of the output's maps first.
    public var weightColumns: Int { shape.output.pixelFloats }

    /// Computes y ← x ∗ W + bias.
    ///
    /// - Parameters:
    ///   - x: samples × `inputColumns`.
    ///   - bias: one row of `weightColumns`.
    ///   - y: samples × the output's `sampleFloats`.
    public func apply(_ x: Matrix<Float>, weights: Matrix<Float>, bias: Matrix<Float>, into y: Matrix<Float>) {
        check(x, y)
        check(weights: weights, bias: bias)
        for sample in 0..<x.rows {
            var from = x.pointer + sample * x.stride
            if let blur {
                if pixels.rows > 0 {
                    transpose(
                        x.rows(sample..<sample + 1).reshaped(rows: pixels.columns, columns: pixels.rows), into: pixels)
                    from = pixels.pointer
                }
                let frame = frames.row(sample).baseAddress!
                blur.forward.apply(from, into: frame)
                from = frame
            }
            forward.apply(from, weights.pointer, bias: bias.pointer, into: y.pointer + sample * y.stride)
        }
    }

    /// Computes dW ← dW + the sum over samples and places of x·∂L/∂y.
    ///
    /// - Parameter x: where inputs are blurred, what `apply` was given last.
    public func addWeightGradient(_ x: Matrix<Float>, _ dy: Matrix<Float>, into weights: Matrix<Float>) {
        check(x, dy)
        check(weights: weights)
        for sample in 0..<x.rows {
            let from = blur == nil ? x.pointer + sample * x.stride : frames.row(sample).baseAddress!
            forward.addGradient(from, dy.pointer + sample * dy.stride, into: weights.pointer)
        }
    }

    /// Computes ∂L/∂x, which is overwritten.
    ///
    /// - Precondition: it was made for this.
    public func inputGradient(_ dy: Matrix<Float>, weights: Matrix<Float>, into dx: Matrix<Float>) {
        check(dx, dy)
        check(weights: weights)
        guard let backward else { preconditionFailure("nobody asks for this gradient") }
        turn(weights, into: backward.weights)
        for sample in 0..<dy.rows {
            let to = dx.pointer + sample * dx.stride
            backward.sums.apply(
                dy.pointer + sample * dy.stride, backward.weights.pointer, bias: nil,
                into: blur == nil ? to : frameGradient.pointer)
            blur?.backward?.apply(frameGradient.pointer, into: to)
        }
    }

    /// Row (t, m), column c: the weight of map m at the tap opposite t, and channel c.
    private func turn(_ weights: Matrix<Float>, into turned: Matrix<Float>) {
        let channels = shape.input.channels, maps = shape.maps
        for tap in 0..<taps {
            let opposite = (taps - 1 - tap) * channels
            transpose(
                weights.rows(opposite..<opposite + channels).columns(0..<maps),
                into: turned.rows(tap * maps..<(tap + 1) * maps).columns(0..<channels))
        }
    }
}
