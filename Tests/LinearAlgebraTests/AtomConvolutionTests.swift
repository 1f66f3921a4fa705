import LinearAlgebra
import TestSupport
import Testing

/// Convolutions whose filters are sums of atoms that all channels share, beside naive ones in Double.
@Suite struct AtomConvolutionTests {
    struct Problem: CustomTestStringConvertible, Sendable {
        let convolution: ConvolutionTests.Problem
        let atoms: Int
        var testDescription: String { "\(convolution.testDescription), \(atoms) atoms" }
    }

    static let problems: [Problem] = [
        (.init(), 4), (.init(padding: 1), 1), (.init(padding: 2), 2), (.init(), 3),
        (.init(stride: 2, padding: 1, samples: 1), 5), (.init(size: 1), 1), (.init(size: 1, stride: 2), 4),
        (.init(height: 8, width: 9, size: 3, stride: 3, padding: 2), 9),
        (.init(channels: 17, maps: 33, padding: 1), 7), (.init(channels: 16, maps: 16), 6),
        (.init(channels: 1, height: 5, width: 5, maps: 1, size: 5), 8),
        (.init(channels: 2, height: 9, width: 33, maps: 48, size: 8, padding: 4, samples: 1), 16),
        (.init(channels: 20, height: 2, width: 2, maps: 20, size: 3, padding: 2), 4),
    ].map { Problem(convolution: $0, atoms: $1) }

    /// Maps × channels × taps of w, maps × channels × atoms.
    private func filters(_ problem: Problem, _ u: [Double], _ w: [Double]) -> [Double] {
        let taps = problem.convolution.shape.taps, atoms = problem.atoms
        return (0..<w.count / atoms).flatMap { plane in
            (0..<taps).map { tap in (0..<atoms).reduce(0.0) { $0 + u[tap * atoms + $1] * w[plane * atoms + $1] } }
        }
    }

    /// The gradient of w from that of the filters.
    private func projected(_ problem: Problem, _ u: [Double], _ gradient: [Double]) -> [Double] {
        let taps = problem.convolution.shape.taps, atoms = problem.atoms
        return (0..<gradient.count / taps).flatMap { plane in
            (0..<atoms).map { a in (0..<taps).reduce(0.0) { $0 + u[$1 * atoms + a] * gradient[plane * taps + $1] } }
        }
    }

    /// Forward, and both gradients, with vectors of any width. Sums of taps, of atoms and channels or maps, and of
    /// places follow each other, in any order.
    @Test(arguments: problems, [4, 8, 16].filter { $0 <= Convolution.widestVectors })
    func sumsAreThoseOfDouble(problem: Problem, width: Int) {
        let shape = problem.convolution.shape, naive = problem.convolution.naive, atoms = problem.atoms
        let output = shape.output, samples = problem.convolution.samples
        let taps = shape.taps, channels = shape.input.channels, floats = shape.input.pixelFloats
        let u = draw(taps * atoms, 30), w = draw(shape.maps * channels * atoms, 1), bias = draw(shape.maps, 2)
        let dictionary = normalMatrix(rows: 1, columns: taps * atoms, stream: 30).reshaped(rows: taps, columns: atoms)
        let convolution = AtomConvolution(
            shape, dictionary: dictionary, capacity: samples + 1, readsPlanes: false, hasInputGradient: true,
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
        let xs = (0..<samples).map { draw(shape.input.count, 3 + $0) }
        let gs = (0..<samples).map { draw(output.count, 10 + $0) }
        // What lies between the channels of an input counts for nothing.
        let x = Matrix(xs.map { inPixels($0, shape.input, between: .nan) }), g = Matrix(gs.map { inPixels($0, output) })
        let y = normalMatrix(rows: samples, columns: output.sampleFloats, stream: 20)
        let dx = normalMatrix(rows: samples, columns: shape.input.sampleFloats, stream: 21)
        // A workspace may keep nothing of others, of which there were more.
        let others = normalMatrix(rows: samples + 1, columns: shape.input.sampleFloats, stream: 23)
        let unused = Matrix<Float>(rows: others.rows, columns: output.sampleFloats)
        convolution.apply(others, weights: weights, bias: offsets, into: unused)
        convolution.apply(x, weights: weights, bias: offsets, into: y)
        for _ in 0..<2 { convolution.inputGradient(g, weights: weights, into: dx) }
        let before = draw(w.count, 22), dw = packed(before)
        convolution.addWeightGradient(x, g, into: dw)

        let full = filters(problem, u, w), ofFull = filters(problem, magnitudes(u), magnitudes(w))
        var truthOfWeights = before, magnitudeOfWeights = magnitudes(before)
        for s in 0..<samples {
            let (values, isClean) = planes(y.arrays[s], output)
            expectClose(
                values, naive.outputs(xs[s], weights: full, bias: bias),
                naive.outputs(magnitudes(xs[s]), weights: ofFull, bias: magnitudes(bias)), taps + atoms * channels + 1)
            let truth = naive.gradients(xs[s], weights: full, gs[s])
            let magnitude = naive.gradients(magnitudes(xs[s]), weights: ofFull, magnitudes(gs[s]))
            let (back, isCleanBack) = planes(dx.arrays[s], shape.input)
            expectClose(back, truth.inputs, magnitude.inputs, taps * atoms + shape.maps + 1)
            #expect(isClean && isCleanBack)
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
        expectClose(found, truthOfWeights, magnitudeOfWeights, taps + samples * output.positions + 1)
    }

    /// The first layer of a network reads planes, and computes the same.
    @Test(arguments: problems) func planesAreReadAsPixelsAre(problem: Problem) {
        let shape = problem.convolution.shape, samples = problem.convolution.samples
        let dictionary = normalMatrix(rows: shape.taps, columns: problem.atoms, stream: 30)
        let (first, other) = (true, false)
        let ways = [first, other].map {
            AtomConvolution(
                shape, dictionary: dictionary, capacity: samples, readsPlanes: $0, hasInputGradient: false)
        }
        let weights = normalMatrix(rows: ways[0].weightRows, columns: ways[0].weightColumns, stream: 1)
        let bias = normalMatrix(rows: 1, columns: ways[0].weightColumns, stream: 2)
        let x = (0..<samples).map { draw(shape.input.count, 3 + $0) }
        let inputs = [Matrix(x.map { $0.map(Float.init) }), Matrix(x.map { inPixels($0, shape.input) })]
        let outputs = zip(ways, inputs).map { way, x in
            let y = normalMatrix(rows: samples, columns: shape.output.sampleFloats, stream: 4)
            way.apply(x, weights: weights, bias: bias, into: y)
            let dw = weights.clone()
            way.addWeightGradient(x, y, into: dw)
            return [y.arrays, dw.arrays]
        }
        #expect(outputs[0] == outputs[1])
    }
}
