/// A convolution whose filters are sums of the same few atoms in every channel, W_m(t, c) = Σ_a u(t, a)·w_m(a, c),
/// computed without W: each channel is convolved with the atoms, once for all maps, z(a, c) = Σ_t u(t, a)·x(t, c),
/// and w mixes what comes of it. Samples are those of `Convolution`, one after the other, on workspaces made once; z
/// of a batch is kept for the way back.
///
/// Its weights are w, (atoms · the input's `pixelFloats`) × `pixelFloats` of the output. Forward takes 2 flops for
/// each tap, atom, float of a pixel and pixel of the output, and 2 for each of the weights and pixel of the output.
/// The weights' gradient takes the latter; the inputs' gradient takes both, the former for each pixel of the input.
/// Rows of taps that see nothing but padding are left out. Gradients of outputs are finite behind their maps, too.
public final class AtomConvolution: ConvolutionWay {
    public let shape: ConvolutionShape
    private let atoms: Int
    private let readsPlanes: Bool
    /// u, taps × atoms.
    private let dictionary: Matrix<Float>
    private let forward: AtomSums
    /// z of a batch.
    private let pooled: Matrix<Float>
    /// w from z to outputs.
    private let mixing: TapSums
    /// Takes the gradient of outputs to that of z, then that to inputs: with the turned weights, the gradient of z of a
    /// sample, and the turned atoms.
    private let backward:
        (mixing: TapSums, weights: Matrix<Float>, pooled: Matrix<Float>, sums: AtomSums, u: Matrix<Float>)?

    /// - Parameters:
    ///   - dictionary: u, taps × atoms.
    ///   - capacity: the most samples of a batch.
    ///   - readsPlanes: samples come plane by plane.
    ///   - width: floats of the vectors that are used; nil: of the widest.
    public init(
        _ shape: ConvolutionShape, dictionary: Matrix<Float>, capacity: Int, readsPlanes: Bool, hasInputGradient: Bool,
        width: Int? = nil
    ) {
        precondition(dictionary.rows == shape.taps && dictionary.isContiguous)
        precondition(!readsPlanes || !hasInputGradient, "samples that come plane by plane have no gradient")
        precondition(width.map { [4, 8, 16].contains($0) && $0 <= Convolution.widestVectors } ?? true)
        self.shape = shape
        self.dictionary = dictionary
        self.readsPlanes = readsPlanes
        atoms = dictionary.columns
        let input = shape.input, output = shape.output, pixel = atoms * input.pixelFloats
        let z = TensorShape(channels: pixel, height: output.height, width: output.width)
        inputColumns = readsPlanes ? input.count : input.sampleFloats
        forward = AtomSums(
            of: input, pixel: input.pixelFloats, spread: 1, before: shape.padding, size: shape.size,
            stride: shape.stride, into: output, inner: 1, width: width)
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
            AtomSums(
                of: z, pixel: pixel, spread: shape.stride, before: shape.size - 1 - shape.padding, size: shape.size,
                stride: 1, into: input, inner: atoms, width: width), u
        )
    }

    /// The floats of its workspaces.
    package static func floats(
        of shape: ConvolutionShape, atoms: Int, capacity: Int, hasInputGradient: Bool
    ) -> Int {
        let input = shape.input, output = shape.output, pixel = atoms * input.pixelFloats
        let z = TensorShape(channels: pixel, height: output.height, width: output.width)
        let there = shape.taps * atoms + capacity * z.count
            + SampleFrame.floats(
                of: input, pixel: input.pixelFloats, spread: 1, before: shape.padding, size: shape.size,
                stride: shape.stride, into: output)
        guard hasInputGradient else { return there }
        return there + output.pixelFloats * pixel + z.count + shape.taps * atoms
            + SampleFrame.floats(
                of: z, pixel: pixel, spread: shape.stride, before: shape.size - 1 - shape.padding, size: shape.size,
                stride: 1, into: input)
    }

    public let inputColumns: Int
    public var capacity: Int { pooled.rows }
    public var weightRows: Int { atoms * shape.input.pixelFloats }
    public var weightColumns: Int { shape.output.pixelFloats }
    public var weightChannels: Int { shape.input.pixelFloats }

    public func apply(_ x: Matrix<Float>, weights: Matrix<Float>, bias: Matrix<Float>, into y: Matrix<Float>) {
        check(x, y)
        check(weights: weights, bias: bias)
        for sample in 0..<x.rows {
            let z = pooled.row(sample).baseAddress!
            forward.apply(
                x.pointer + sample * x.stride, dictionary.pointer, atoms: atoms, into: z, readsPlanes: readsPlanes)
            mixing.apply(z, weights.pointer, bias: bias.pointer, into: y.pointer + sample * y.stride)
        }
    }

    /// - Parameter x: what `apply` was given last.
    public func addWeightGradient(_ x: Matrix<Float>, _ dy: Matrix<Float>, into weights: Matrix<Float>) {
        check(x, dy)
        check(weights: weights)
        for sample in 0..<x.rows {
            mixing.addGradient(
                pooled.row(sample).baseAddress!, dy.pointer + sample * dy.stride, into: weights.pointer)
        }
    }

    public func inputGradient(_ dy: Matrix<Float>, weights: Matrix<Float>, into dx: Matrix<Float>) {
        check(dx, dy)
        check(weights: weights)
        guard let backward else { preconditionFailure("nobody asks for this gradient") }
        transpose(weights, into: backward.weights)
        for sample in 0..<dy.rows {
            backward.mixing.apply(
                dy.pointer + sample * dy.stride, backward.weights.pointer, bias: nil, into: backward.pooled.pointer)
            backward.sums.apply(
                backward.pooled.pointer, backward.u.pointer, atoms: 1, into: dx.pointer + sample * dx.stride)
        }
    }
}
