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
    /// Adds the gradient of weights; once after `apply`, and before `inputGradient`, which may take the place of what
    /// is kept.
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
/// network reads samples as they come, plane by plane. One sample after the other, on a workspace made once, a sample
/// with its padding.
///
/// Weights are a matrix of (taps · channels) × `pixelFloats` of the output, a row for each pixel of a filter (row by
/// row) and channel. Rows of taps that see nothing but padding are left out. Forward, and for the weights' gradient, 2
/// flops for each row of the weights, each of their columns and each pixel of the output. The inputs' gradient takes 2
/// for each tap and map, each of the input's `pixelFloats` and each pixel of the input.
public final class Convolution: ConvolutionWay {
    public let shape: ConvolutionShape
    private let forward: TapSums
    /// Takes gradients of outputs back to inputs: a convolution with the filters turned by 180°.
    private let backward: (sums: TapSums, weights: Matrix<Float>)?
    /// The pixels of a filter that count.
    private let taps: Int

    /// - Parameters:
    ///   - readsPlanes: its inputs are samples as they come.
    ///   - hasInputGradient: whether somebody asks for the gradient of its inputs; not where it reads planes.
    ///   - width: floats of the vectors that are used, 4, 8 or 16, at most `widestVectors`; nil: the widest.
    public convenience init(
        _ shape: ConvolutionShape, readsPlanes: Bool = false, hasInputGradient: Bool = true, width: Int? = nil
    ) {
        precondition(!readsPlanes || !hasInputGradient, "the gradient of a sample")
        self.init(
            shape, taps: nil, framePixel: nil, readsPlanes: readsPlanes, hasInputGradient: hasInputGradient,
            width: width)
    }

    /// - Parameters:
    ///   - taps: the pixels of a filter that count, ascending; nil: all.
    ///   - framePixel: floats of a pixel, where samples are as large as the places of filters need; nil: those of the
    ///     input.
    init(
        _ shape: ConvolutionShape, taps: [Int]?, framePixel: Int?, readsPlanes: Bool = false, hasInputGradient: Bool,
        width: Int?
    ) {
        precondition(width.map { [4, 8, 16].contains($0) && $0 <= Self.widestVectors } ?? true, "vectors of \(width!)")
        self.shape = shape
        let input = shape.input, output = shape.output, count = taps?.count ?? shape.taps
        inputColumns = framePixel.map { input.positions * $0 } ?? (readsPlanes ? input.count : input.sampleFloats)
        self.taps = count
        forward = TapSums(
            of: input, spread: 1, before: shape.padding, size: shape.size, stride: shape.stride, into: output,
            readsPlanes: readsPlanes, framePixel: framePixel, taps: taps, width: width)
        guard hasInputGradient else {
            backward = nil
            return
        }
        let sums = TapSums(
            of: output, spread: shape.stride, before: shape.size - 1 - shape.padding, size: shape.size, stride: 1,
            into: input, taps: taps?.reversed().map { shape.taps - 1 - $0 }, width: width)
        backward = (sums, Matrix(rows: count * shape.maps, columns: input.pixelFloats))
    }

    /// The floats of its workspaces.
    ///
    /// - Parameter taps: how many pixels of a filter count, where samples are as large as filters need; nil: all.
    package static func floats(of shape: ConvolutionShape, taps: Int? = nil, hasInputGradient: Bool) -> Int {
        let input = shape.input, output = shape.output
        let frame = taps != nil ? 0 : SampleFrame.floats(
            of: input, pixel: input.channels, spread: 1, before: shape.padding, size: shape.size, stride: shape.stride,
            into: output)
        guard hasInputGradient else { return frame }
        return frame + (taps ?? shape.taps) * shape.maps * input.pixelFloats
            + SampleFrame.floats(
                of: output, pixel: shape.maps, spread: shape.stride, before: shape.size - 1 - shape.padding,
                size: shape.size, stride: 1, into: input)
    }

    /// Floats of a sample that is read.
    public let inputColumns: Int

    /// Floats of the widest vectors that this processor has.
    public static var widestVectors: Int { Int(ck_convolution_width()) }

    /// Rows of the weights.
    public var weightRows: Int { taps * shape.input.channels }
    public var weightChannels: Int { shape.input.channels }
    /// Any number.
    public var capacity: Int { .max }
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
            forward.apply(
                x.pointer + sample * x.stride, weights.pointer, bias: bias.pointer,
                into: y.pointer + sample * y.stride)
        }
    }

    /// Computes dW ← dW + the sum over samples and places of x·∂L/∂y.
    public func addWeightGradient(_ x: Matrix<Float>, _ dy: Matrix<Float>, into weights: Matrix<Float>) {
        check(x, dy)
        check(weights: weights)
        for sample in 0..<x.rows {
            forward.addGradient(
                x.pointer + sample * x.stride, dy.pointer + sample * dy.stride, into: weights.pointer)
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
            backward.sums.apply(
                dy.pointer + sample * dy.stride, backward.weights.pointer, bias: nil,
                into: dx.pointer + sample * dx.stride)
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
