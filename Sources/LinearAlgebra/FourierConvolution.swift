/// A convolution by Fourier transforms, which is faster than a direct one where filters are large: at each frequency a
/// product of samples × channels and channels × maps, of complex numbers. Samples and weights are those of
/// `Convolution`, at every pixel.
///
/// Planes are periodic, with as many zeros as the padding on one side, which serve the other side, too. For F
/// frequencies, half of those pixels, 8·F·channels·maps flops a sample and product, of which a step has three. The
/// spectra of a batch, and those of the weights, are kept for the way back.
public final class FourierConvolution: ConvolutionWay {
    public let shape: ConvolutionShape
    public let capacity: Int
    private let input: PlaneTransform, output: PlaneTransform, filter: PlaneTransform
    private let frequencies: Int
    /// The spectra of inputs and outputs, or of their gradients: frequency, sample, real part, imaginary part.
    private let inputs: Matrix<Float>, outputs: Matrix<Float>
    /// Those of the weights as real matrices [Re Im; −Im Re], frequency after frequency, and the gradient of one row
    /// of them.
    private let weights: Matrix<Float>, gradient: Matrix<Float>
    /// Planes of which one direction is transformed: samples on their way there, inputs and outputs on their way back,
    /// whose floats behind the channels stay 0, and filters.
    private let there: Matrix<Float>, ofInput: Matrix<Float>, ofOutput: Matrix<Float>, ofFilters: Matrix<Float>

    /// - Parameter capacity: the most samples of a batch.
    /// - Precondition: filters are at every pixel.
    public init(_ shape: ConvolutionShape, capacity: Int) {
        precondition(Self.fits(shape))
        self.shape = shape
        self.capacity = capacity
        let c = shape.input.channels, m = shape.maps, period = Self.period(of: shape), sizes = Self.sizes(of: shape)
        input = PlaneTransform(.sample, rows: sizes.input.rows, columns: sizes.input.columns, period: period)
        output = PlaneTransform(.sample, rows: sizes.output.rows, columns: sizes.output.columns, period: period)
        filter = PlaneTransform(
            .filter(before: shape.padding), rows: shape.size, columns: shape.size, period: period)
        frequencies = sizes.input.count
        inputs = Matrix(rows: frequencies * capacity, columns: 2 * c)
        outputs = Matrix(rows: frequencies * capacity, columns: 2 * m)
        weights = Matrix(rows: frequencies * 2 * c, columns: 2 * m)
        gradient = Matrix(rows: input.across * 2 * c, columns: 2 * m)
        ofInput = Matrix(rows: 1, columns: sizes.input.betweenFloats(pixel: shape.input.pixelFloats))
        ofOutput = Matrix(rows: 1, columns: sizes.output.betweenFloats(pixel: shape.output.pixelFloats))
        ofFilters = Matrix(rows: 1, columns: sizes.filter.betweenFloats(pixel: c * shape.output.pixelFloats))
        there = Matrix(rows: 1, columns: max(ofInput.columns, ofOutput.columns))
    }

    /// Whether a convolution can be computed so.
    package static func fits(_ shape: ConvolutionShape) -> Bool { shape.stride == 1 }

    /// The flops of a step: products of spectra, and transforms, which are products with small matrices.
    package static func stepFlops(
        of shape: ConvolutionShape, samples: Int, hasInputGradient: Bool
    ) -> (products: Double, transforms: Double) {
        let (input, output, filter) = sizes(of: shape)
        let c = shape.input.channels, m = shape.maps, ways = hasInputGradient ? 3.0 : 2, batch = Double(samples)
        let ofSamples = (ways - 1) * input.flops(pixel: shape.input.pixelFloats, channels: c)
            + 2 * output.flops(pixel: shape.output.pixelFloats, channels: m)
        // Both rows of [Re Im; −Im Re].
        let ofFilters = 2 * filter.flops(pixel: c * shape.output.pixelFloats, channels: 2 * c * m)
        return (8 * ways * batch * Double(input.count * c * m), batch * ofSamples + ofFilters)
    }

    /// The floats of the spectra of a batch and of the weights.
    package static func spectrumFloats(
        of shape: ConvolutionShape, capacity: Int
    ) -> (samples: Int, weights: Int) {
        let c = shape.input.channels, m = shape.maps, frequencies = sizes(of: shape).input.count
        return (frequencies * 2 * capacity * (c + m), frequencies * 4 * c * m)
    }

    /// The floats of its workspaces.
    package static func floats(of shape: ConvolutionShape, capacity: Int) -> Int {
        let (input, output, filter) = sizes(of: shape), c = shape.input.channels
        let ofInput = input.betweenFloats(pixel: shape.input.pixelFloats)
        let ofOutput = output.betweenFloats(pixel: shape.output.pixelFloats)
        let spectra = spectrumFloats(of: shape, capacity: capacity)
        let matrices = [input, output, filter].reduce(0) { $0 + $1.matrixFloats }
        return spectra.samples + spectra.weights + matrices + 4 * input.across * c * shape.maps
            + ofInput + ofOutput + max(ofInput, ofOutput)
            + filter.betweenFloats(pixel: c * shape.output.pixelFloats)
    }

    private static func period(of shape: ConvolutionShape) -> (rows: Int, columns: Int) {
        (
            max(shape.input.height + shape.padding, shape.size), max(shape.input.width + shape.padding, shape.size)
        )
    }

    private static func sizes(
        of shape: ConvolutionShape
    ) -> (input: PlaneFrequencies, output: PlaneFrequencies, filter: PlaneFrequencies) {
        let input = shape.input, output = shape.output, period = period(of: shape)
        return (
            PlaneFrequencies(rows: input.height, columns: input.width, period: period),
            PlaneFrequencies(rows: output.height, columns: output.width, period: period),
            PlaneFrequencies(rows: shape.size, columns: shape.size, period: period)
        )
    }

    public var inputColumns: Int { shape.input.sampleFloats }
    public var weightRows: Int { shape.taps * shape.input.channels }
    public var weightColumns: Int { shape.output.pixelFloats }
    public var weightChannels: Int { shape.input.channels }

    public func apply(_ x: Matrix<Float>, weights: Matrix<Float>, bias: Matrix<Float>, into y: Matrix<Float>) {
        check(x, y)
        check(weights: weights, bias: bias)
        guard x.rows > 0 else { return }
        let pixel = weightColumns, batch = x.rows
        transform(weights)
        transform(x, input, pixel: shape.input.pixelFloats, into: inputs)
        forEachFrequency { x, y, w in
            multiply(x.rows(0..<batch), w, into: y.rows(0..<batch))
        }
        for sample in 0..<batch {
            let row = y.pointer + sample * y.stride
            for place in 0..<shape.output.positions { (row + place * pixel).update(from: bias.pointer, count: pixel) }
        }
        transformBack(outputs, output, pixel: pixel, ofOutput, into: y, addingTo: 1)
    }

    /// - Parameter x: what `apply` was given last.
    public func addWeightGradient(_ x: Matrix<Float>, _ dy: Matrix<Float>, into weights: Matrix<Float>) {
        check(x, dy)
        check(weights: weights)
        guard x.rows > 0 else { return }
        let c = shape.input.channels, m = shape.maps, pixel = weightColumns, row = 2 * c * 2 * m
        transform(dy, output, pixel: pixel, into: outputs)
        for k in 0..<filter.down {
            for l in 0..<filter.across {
                let f = (k * filter.across + l) * capacity
                multiply(
                    inputs.rows(f..<f + x.rows), outputs.rows(f..<f + x.rows), transposed: .first,
                    into: gradient.rows(l * 2 * c..<(l + 1) * 2 * c))
            }
            for channel in 0..<c {
                // conj(X)ᵀY of [Re Im]: its blocks on both diagonals belong together.
                let re = gradient.pointer + channel * 2 * m, im = re + c * 2 * m
                let z = ofFilters.pointer + channel * pixel
                filter.columnsBack(
                    re: re, im: re + m, stride: row, k, pixel: c * pixel, channels: m, into: z)
                filter.columnsBack(
                    re: im + m, im: im, stride: row, k, pixel: c * pixel, channels: m, into: z, sign: -1, adds: true)
            }
        }
        filter.rowsBack(ofFilters.pointer, pixel: c * pixel, into: weights.pointer, addingTo: 1)
    }

    /// - Parameters:
    ///   - dy: what `addWeightGradient` was given last.
    ///   - weights: what `apply` was given last.
    public func inputGradient(_ dy: Matrix<Float>, weights: Matrix<Float>, into dx: Matrix<Float>) {
        check(dx, dy)
        check(weights: weights)
        guard dy.rows > 0 else { return }
        forEachFrequency { x, y, w in
            multiply(y.rows(0..<dy.rows), w, transposed: .second, into: x.rows(0..<dy.rows))
        }
        transformBack(inputs, input, pixel: shape.input.pixelFloats, ofInput, into: dx)
    }

    /// Calls `body` with the spectra of inputs, outputs and weights at each frequency.
    private func forEachFrequency(_ body: (Matrix<Float>, Matrix<Float>, Matrix<Float>) -> Void) {
        let c = 2 * shape.input.channels
        for f in 0..<frequencies {
            let samples = f * capacity..<(f + 1) * capacity
            body(inputs.rows(samples), outputs.rows(samples), weights.rows(f * c..<(f + 1) * c))
        }
    }

    private func transform(
        _ x: Matrix<Float>, _ planes: PlaneTransform, pixel: Int, into spectra: Matrix<Float>
    ) {
        let channels = spectra.columns / 2, stride = capacity * spectra.columns
        for sample in 0..<x.rows {
            planes.rowsForward(x.pointer + sample * x.stride, pixel: pixel, into: there.pointer)
            for k in 0..<planes.down {
                let re = spectra.pointer + (k * planes.across * capacity + sample) * spectra.columns
                planes.columnsForward(
                    there.pointer, k, pixel: pixel, channels: channels, re: re, im: re + channels, stride: stride)
            }
        }
    }

    private func transformBack(
        _ spectra: Matrix<Float>, _ planes: PlaneTransform, pixel: Int, _ between: Matrix<Float>,
        into x: Matrix<Float>, addingTo factor: Float = 0
    ) {
        let channels = spectra.columns / 2, stride = capacity * spectra.columns
        for sample in 0..<x.rows {
            for k in 0..<planes.down {
                let re = spectra.pointer + (k * planes.across * capacity + sample) * spectra.columns
                planes.columnsBack(
                    re: re, im: re + channels, stride: stride, k, pixel: pixel, channels: channels,
                    into: between.pointer)
            }
            planes.rowsBack(between.pointer, pixel: pixel, into: x.pointer + sample * x.stride, addingTo: factor)
        }
    }

    private func transform(_ filters: Matrix<Float>) {
        let c = shape.input.channels, m = shape.maps, pixel = weightColumns, stride = 2 * c * 2 * m
        filter.rowsForward(filters.pointer, pixel: c * pixel, into: ofFilters.pointer)
        for k in 0..<filter.down {
            for channel in 0..<c {
                let re = weights.pointer + k * filter.across * stride + channel * 2 * m, im = re + c * 2 * m
                let z = ofFilters.pointer + channel * pixel
                filter.columnsForward(
                    z, k, pixel: c * pixel, channels: m, re: re, im: re + m, stride: stride)
                filter.columnsForward(
                    z, k, pixel: c * pixel, channels: m, re: im + m, im: im, stride: stride, sign: -1)
            }
        }
    }
}
