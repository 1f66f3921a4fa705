import LinearAlgebra
import TestSupport
import Testing

/// Convolutions whose filters are sums of atoms that all channels share, beside naive ones in Double.
@Suite struct AtomConvolutionTests {
    struct Problem: CustomTestStringConvertible, Sendable {
        var channels = 3, height = 6, width = 5, maps = 5, size = 3, stride = 1, padding = 0, samples = 2, atoms = 4

        var shape: ConvolutionShape {
            ConvolutionShape(
                input: TensorShape(channels: channels, height: height, width: width), maps: maps, size: size,
                stride: stride, padding: padding)
        }
        var naive: NaiveConvolution {
            NaiveConvolution(
                channels: channels, height: height, width: width, maps: maps, size: size, stride: stride,
                padding: padding)
        }
        var testDescription: String {
            "\(samples) of \(shape.input), \(maps) of \(size), stride \(stride), padding \(padding), \(atoms) atoms"
        }
    }

    static let problems = [
        Problem(), Problem(padding: 1, atoms: 1), Problem(padding: 2, atoms: 2), Problem(atoms: 3),
        Problem(stride: 2, padding: 1, samples: 1, atoms: 5), Problem(size: 1, atoms: 1), Problem(size: 1, stride: 2),
        Problem(height: 8, width: 9, size: 3, stride: 3, padding: 2, atoms: 9),
        Problem(channels: 17, maps: 33, padding: 1, atoms: 7), Problem(channels: 16, maps: 16, atoms: 6),
        Problem(channels: 1, height: 5, width: 5, maps: 1, size: 5, atoms: 8),
        Problem(channels: 2, height: 9, width: 33, maps: 48, size: 8, padding: 4, samples: 1, atoms: 16),
        Problem(channels: 20, height: 2, width: 2, maps: 20, size: 3, padding: 2),
    ]

    /// One sample as it is read: element (y, x, c) at (y·width + x)·floats + c.
    private func inPixels(_ planes: [Double], _ shape: TensorShape, between: Float = 0) -> [Float] {
        var result = [Float](repeating: between, count: shape.sampleFloats)
        for c in 0..<shape.channels {
            for p in 0..<shape.positions { result[p * shape.pixelFloats + c] = Float(planes[c * shape.positions + p]) }
        }
        return result
    }

    private func planes(_ row: [Float], _ shape: TensorShape) -> [Double] {
        (0..<shape.count).map { i in
            Double(row[i % shape.positions * shape.pixelFloats + i / shape.positions])
        }
    }

    private func draw(_ count: Int, _ stream: Int) -> [Double] {
        normalMatrix(rows: 1, columns: count, stream: stream).doubles[0]
    }

    private func expectClose(_ values: [Double], _ truth: [Double], _ magnitude: [Double], _ terms: Int) {
        let gamma = floatGamma(terms + 2)
        #expect(values.count == truth.count)
        for i in truth.indices where !(abs(values[i] - truth[i]) <= gamma * magnitude[i]) {
            Issue.record("value \(i) of \(truth.count): expected \(truth[i]), found \(values[i])")
            return
        }
    }

    /// Maps × channels × taps of w, maps × channels × atoms.
    private func filters(_ problem: Problem, _ u: [Double], _ w: [Double]) -> [Double] {
        let taps = problem.size * problem.size, atoms = problem.atoms
        return (0..<w.count / atoms).flatMap { plane in
            (0..<taps).map { tap in (0..<atoms).reduce(0.0) { $0 + u[tap * atoms + $1] * w[plane * atoms + $1] } }
        }
    }

    /// The gradient of w from that of the filters.
    private func projected(_ problem: Problem, _ u: [Double], _ gradient: [Double]) -> [Double] {
        let taps = problem.size * problem.size, atoms = problem.atoms
        return (0..<gradient.count / taps).flatMap { plane in
            (0..<atoms).map { a in (0..<taps).reduce(0.0) { $0 + u[$1 * atoms + a] * gradient[plane * taps + $1] } }
        }
    }

    /// Forward, and both gradients, with vectors of any width. Sums of taps, of atoms and channels or maps, and of
    /// places follow each other, in any order.
    @Test(arguments: problems, [4, 8, 16].filter { $0 <= Convolution.widestVectors })
    func sumsAreThoseOfDouble(problem: Problem, width: Int) {
        let shape = problem.shape, naive = problem.naive, atoms = problem.atoms, output = shape.output
        let taps = shape.taps, channels = shape.input.channels, floats = shape.input.pixelFloats
        let u = draw(taps * atoms, 30), w = draw(shape.maps * channels * atoms, 1), bias = draw(shape.maps, 2)
        let dictionary = normalMatrix(rows: 1, columns: taps * atoms, stream: 30).reshaped(rows: taps, columns: atoms)
        let convolution = AtomConvolution(
            shape, dictionary: dictionary, capacity: problem.samples + 1, readsPlanes: false, hasInputGradient: true,
            width: width)
        #expect(convolution.weightRows == atoms * floats && convolution.weightChannels == floats)
        func packed(_ w: [Double]) -> Matrix<Float> {
            let weights = Matrix<Float>(rows: convolution.weightRows, columns: convolution.weightColumns)
            for (i, value) in w.enumerated() {
                let (m, c, a) = (i / atoms / channels, i / atoms % channels, i % atoms)
                weights[a * floats + c, m] = Float(value)
            }
            return weights
        }
        let weights = packed(w), offsets = Matrix<Float>(rows: 1, columns: convolution.weightColumns)
        for m in 0..<shape.maps { offsets[0, m] = Float(bias[m]) }
        let xs = (0..<problem.samples).map { draw(shape.input.count, 3 + $0) }
        let gs = (0..<problem.samples).map { draw(output.count, 10 + $0) }
        // What lies between the channels of an input counts for nothing.
        let x = Matrix(xs.map { inPixels($0, shape.input, between: .nan) }), g = Matrix(gs.map { inPixels($0, output) })
        let y = normalMatrix(rows: problem.samples, columns: output.sampleFloats, stream: 20)
        let dx = normalMatrix(rows: problem.samples, columns: shape.input.sampleFloats, stream: 21)
        // A workspace may keep nothing of others, of which there were more.
        let others = normalMatrix(rows: problem.samples + 1, columns: shape.input.sampleFloats, stream: 23)
        let unused = Matrix<Float>(rows: others.rows, columns: output.sampleFloats)
        convolution.apply(others, weights: weights, bias: offsets, into: unused)
        convolution.apply(x, weights: weights, bias: offsets, into: y)
        for _ in 0..<2 { convolution.inputGradient(g, weights: weights, into: dx) }
        let before = draw(w.count, 22), dw = packed(before)
        convolution.addWeightGradient(x, g, into: dw)

        func magnitudes(_ values: [Double]) -> [Double] { values.map(abs) }
        let full = filters(problem, u, w), ofFull = filters(problem, magnitudes(u), magnitudes(w))
        var truthOfWeights = before, magnitudeOfWeights = magnitudes(before)
        for s in 0..<problem.samples {
            expectClose(
                planes(y.arrays[s], output), naive.outputs(xs[s], weights: full, bias: bias),
                naive.outputs(magnitudes(xs[s]), weights: ofFull, bias: magnitudes(bias)), taps + atoms * channels)
            let truth = naive.gradients(xs[s], weights: full, gs[s])
            let magnitude = naive.gradients(magnitudes(xs[s]), weights: ofFull, magnitudes(gs[s]))
            expectClose(
                planes(dx.arrays[s], shape.input), truth.inputs, magnitude.inputs, taps * atoms + shape.maps)
            for (row, shape) in [(y.arrays[s], output), (dx.arrays[s], shape.input)] {
                #expect(row.indices.allSatisfy { $0 % shape.pixelFloats < shape.channels || row[$0] == 0 })
            }
            let of = projected(problem, u, truth.weights)
            let ofMagnitude = projected(problem, magnitudes(u), magnitude.weights)
            for i in w.indices {
                truthOfWeights[i] += of[i]
                magnitudeOfWeights[i] += ofMagnitude[i]
            }
        }
        let found = w.indices.map { i in
            Double(dw[i % atoms * floats + i / atoms % channels, i / atoms / channels])
        }
        expectClose(found, truthOfWeights, magnitudeOfWeights, taps + problem.samples * output.positions)
    }

    /// The first layer of a network reads planes, and computes the same.
    @Test(arguments: problems) func planesAreReadAsPixelsAre(problem: Problem) {
        let shape = problem.shape
        let dictionary = normalMatrix(rows: shape.taps, columns: problem.atoms, stream: 30)
        let (first, other) = (true, false)
        let ways = [first, other].map {
            AtomConvolution(
                shape, dictionary: dictionary, capacity: problem.samples, readsPlanes: $0, hasInputGradient: false)
        }
        let weights = normalMatrix(rows: ways[0].weightRows, columns: ways[0].weightColumns, stream: 1)
        let bias = normalMatrix(rows: 1, columns: ways[0].weightColumns, stream: 2)
        let x = (0..<problem.samples).map { draw(shape.input.count, 3 + $0) }
        let inputs = [Matrix(x.map { $0.map(Float.init) }), Matrix(x.map { inPixels($0, shape.input) })]
        let outputs = zip(ways, inputs).map { way, x in
            let y = normalMatrix(rows: problem.samples, columns: shape.output.sampleFloats, stream: 4)
            way.apply(x, weights: weights, bias: bias, into: y)
            let dw = weights.clone()
            way.addWeightGradient(x, y, into: dw)
            return [y.arrays, dw.arrays]
        }
        #expect(outputs[0] == outputs[1])
    }
}
