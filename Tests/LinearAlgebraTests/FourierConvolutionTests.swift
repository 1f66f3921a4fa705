import LinearAlgebra
import TestSupport
import Testing

/// Convolutions by Fourier transforms beside naive ones in Double.
@Suite struct FourierConvolutionTests {
    static let problems: [ConvolutionTests.Problem] = [
        .init(), .init(padding: 1), .init(padding: 2), .init(size: 1), .init(channels: 16, maps: 16, padding: 1),
        .init(channels: 17, maps: 33, padding: 1, samples: 3),
        .init(channels: 1, height: 5, width: 5, maps: 1, size: 5),
        .init(channels: 1, height: 1, width: 1, maps: 2, size: 1),
        .init(height: 2, width: 7, maps: 4, size: 4, padding: 3),
        .init(channels: 2, height: 6, width: 9, maps: 20, size: 4, padding: 2, samples: 1),
        .init(channels: 20, height: 2, width: 2, maps: 64, size: 3, padding: 2),
    ]
    static let blurred: [ConvolutionTests.Problem] = [
        .init(padding: 2, taps: [0, 1, 5, 8]), .init(channels: 17, maps: 18, padding: 1, taps: [2, 3, 4, 7], reach: 2),
        .init(height: 4, width: 4, padding: 2, samples: 1, taps: [1, 6], reach: 4),
    ]

    /// The sums of |values| of each plane.
    private func sums(_ values: [Double], planes: Int) -> [Double] {
        let count = values.count / planes
        return (0..<planes).map { plane in values[plane * count..<(plane + 1) * count].reduce(0) { $0 + abs($1) } }
    }

    /// Forward, and both gradients. A transform is two products, each with numbers c and s whose c² + s² is 1: its
    /// parts are at most Σ|x| of a plane. A product of two spectra has parts of at most 2·Σ|x|·Σ|w|, summed over
    /// channels. On the way back √2 comes in twice, and N/2 + 1 frequencies of N rows count twice each: in all 4·(1
    /// + 2/N) ≤ 12 of Σ|x|·Σ|w|. What is rounded is a sum of products in any order, of as many terms as all inner
    /// dimensions together, and the constants.
    @Test(arguments: problems) func sumsAreThoseOfDouble(problem: ConvolutionTests.Problem) {
        let shape = problem.shape, naive = problem.naive, output = shape.output, samples = problem.samples
        let convolution = FourierConvolution(shape, capacity: samples + 1)
        let c = shape.input.channels, maps = shape.maps
        let w = draw(maps * c * shape.taps, 1), bias = draw(maps, 2)
        let weights = packed(w, convolution), offsets = Matrix<Float>(rows: 1, columns: convolution.weightColumns)
        for m in 0..<maps { offsets[0, m] = Float(bias[m]) }
        let xs = (0..<samples).map { draw(shape.input.count, 3 + $0) }
        let gs = (0..<samples).map { draw(output.count, 10 + $0) }
        // What lies between the channels counts for nothing.
        let x = Matrix(xs.map { inPixels($0, shape.input, between: .nan) })
        let g = Matrix(gs.map { inPixels($0, output, between: .nan) })
        let y = normalMatrix(rows: samples, columns: output.sampleFloats, stream: 20)
        let dx = normalMatrix(rows: samples, columns: shape.input.sampleFloats, stream: 21)
        // A workspace may keep nothing of others, of which there were more.
        let others = normalMatrix(rows: samples + 1, columns: shape.input.sampleFloats, stream: 23)
        let unused = Matrix<Float>(rows: others.rows, columns: output.sampleFloats)
        convolution.apply(others, weights: weights, bias: offsets, into: unused)
        convolution.addWeightGradient(others, unused, into: weights.clone())
        convolution.inputGradient(unused, weights: weights, into: others)
        convolution.apply(x, weights: weights, bias: offsets, into: y)
        let before = draw(w.count, 22), dw = packed(before, convolution)
        convolution.addWeightGradient(x, g, into: dw)
        convolution.inputGradient(g, weights: weights, into: dx)
        // A rank may have none of a batch: nothing is added.
        let none = (x: x.rows(0..<0), y: y.rows(0..<0)), unchanged = dw.arrays
        convolution.apply(none.x, weights: weights, bias: offsets, into: none.y)
        convolution.addWeightGradient(none.x, none.y, into: dw)
        #expect(dw.arrays == unchanged)

        let rows = max(shape.input.height + shape.padding, shape.size)
        let columns = max(shape.input.width + shape.padding, shape.size)
        let terms = 3 * (shape.size + max(shape.input.height, output.height))
            + 3 * max(shape.input.width, output.width) + 4 * columns + rows + 2 * max(c, maps) + 20
        let ofWeights = (0..<maps).map { m in sums(Array(w[m * c * shape.taps..<(m + 1) * c * shape.taps]), planes: c) }
        var truthOfWeights = before, magnitudeOfWeights = magnitudes(before)
        for s in 0..<samples {
            let ofInputs = sums(xs[s], planes: c), ofGradient = sums(gs[s], planes: maps)
            let (values, isClean) = planes(y.arrays[s], output)
            expectClose(
                values, naive.outputs(xs[s], weights: w, bias: bias),
                values.indices.map { i in
                    let m = i / output.positions
                    return abs(bias[m]) + 12 * (0..<c).reduce(0) { $0 + ofInputs[$1] * ofWeights[m][$1] }
                }, terms)
            let truth = naive.gradients(xs[s], weights: w, gs[s])
            let (back, isCleanBack) = planes(dx.arrays[s], shape.input)
            expectClose(
                back, truth.inputs,
                back.indices.map { i in
                    12 * (0..<maps).reduce(0) { $0 + ofGradient[$1] * ofWeights[$1][i / shape.input.positions] }
                }, terms)
            #expect(isClean && isCleanBack)
            for i in w.indices {
                truthOfWeights[i] += truth.weights[i]
                magnitudeOfWeights[i] += 12 * ofInputs[i / shape.taps % c] * ofGradient[i / shape.taps / c]
            }
        }
        expectClose(unpacked(dw, convolution), truthOfWeights, magnitudeOfWeights, terms + 2 * samples)
    }

    /// Blurred samples, convolved by Fourier transforms and at their taps, whose sums are those of naive convolutions.
    /// A blurred plane has at most (Σk)² of a plane's Σ|x|, and its gradient on the way back as much.
    @Test(arguments: blurred) func blurredSamplesAreConvolvedAsAtTheirTaps(problem: ConvolutionTests.Problem) {
        let shape = problem.shape, output = shape.output, samples = problem.samples, c = shape.input.channels
        let sides = [problem.way(), BlurredConvolution(
            shape, problem.blurring!, capacity: samples, readsPlanes: false, hasInputGradient: true, byFourier: true)]
        let taps = problem.tapCount, w = draw(shape.maps * c * taps, 1)
        let xs = (0..<samples).map { draw(shape.input.count, 3 + $0) }
        let gs = (0..<samples).map { draw(output.count, 10 + $0) }
        let x = Matrix(xs.map { inPixels($0, shape.input) }), g = Matrix(gs.map { inPixels($0, output) })
        let bias = Matrix<Float>(rows: 1, columns: output.pixelFloats)
        let before = draw(w.count, 22)
        let results: [Results] = sides.map { way in
            let weights = packed(w, way), dw = packed(before, way)
            let y = normalMatrix(rows: samples, columns: output.sampleFloats, stream: 20)
            let dx = normalMatrix(rows: samples, columns: shape.input.sampleFloats, stream: 21)
            // Twice: a workspace may keep nothing of the first time.
            for _ in 0..<2 {
                way.apply(x, weights: weights, bias: bias, into: y)
                way.addWeightGradient(x, g, into: dw)
                way.inputGradient(g, weights: weights, into: dx)
            }
            return (y: y.arrays.flatMap { planes($0, output).values }, dw: unpacked(dw, way),
                dx: dx.arrays.flatMap { planes($0, shape.input).values })
        }
        let kernel = problem.blurring!.kernel.reduce(0.0) { $0 + Double($1) }, mass = 12 * kernel * kernel
        let terms = 6 * (shape.input.height + shape.input.width + 4 * shape.size) + 2 * max(c, shape.maps)
            + samples * output.positions + 4 * problem.blurTerms + 20
        let ofX = xs.map { sums($0, planes: c) }, ofG = gs.map { sums($0, planes: shape.maps) }
        let ofW = (0..<shape.maps).map { m in sums(Array(w[m * c * taps..<(m + 1) * c * taps]), planes: c) }
        expectSame(\.y, results, terms) { i in
            let (sample, m) = (i / output.count, i % output.count / output.positions)
            return mass * (0..<c).reduce(0) { $0 + ofX[sample][$1] * ofW[m][$1] }
        }
        expectSame(\.dx, results, terms) { i in
            let (sample, channel) = (i / shape.input.count, i % shape.input.count / shape.input.positions)
            return mass * (0..<shape.maps).reduce(0) { $0 + ofG[sample][$1] * ofW[$1][channel] }
        }
        expectSame(\.dw, results, terms) { i in
            let (m, channel) = (i / (c * taps), i / taps % c)
            return abs(before[i]) + 2 * mass * (0..<samples).reduce(0) { $0 + ofX[$1][channel] * ofG[$1][m] }
        }
    }

    private typealias Results = (y: [Double], dw: [Double], dx: [Double])

    /// Compares a part of what two ways give; their bound is far below it, so that nothing else would pass.
    private func expectSame(
        _ part: KeyPath<Results, [Double]>, _ results: [Results], _ terms: Int, magnitude: (Int) -> Double
    ) {
        let a = results[0][keyPath: part], magnitudes = a.indices.map(magnitude)
        expectClose(results[1][keyPath: part], a, magnitudes, terms)
        let size = (a.reduce(0) { $0 + $1 * $1 } / Double(a.count)).squareRoot()
        #expect(floatGamma(terms + 1) * magnitudes.max()! < 0.25 * size)
    }
}
