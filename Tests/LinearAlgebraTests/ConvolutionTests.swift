import Foundation
import LinearAlgebra
import TestSupport
import Testing

@Suite struct ConvolutionTests {
    struct Problem: CustomTestStringConvertible, Sendable {
        var channels = 3, height = 6, width = 5, maps = 5, size = 3, stride = 1, padding = 0, samples = 2
        /// The pixels of a filter that count where inputs are blurred, and how far the kernel reaches.
        var taps: [Int]?, reach = 0

        var shape: ConvolutionShape {
            ConvolutionShape(
                input: TensorShape(channels: channels, height: height, width: width), maps: maps, size: size,
                stride: stride, padding: padding)
        }
        var naive: NaiveConvolution {
            NaiveConvolution(
                channels: channels, height: height, width: width, maps: maps, size: size + 2 * reach, stride: stride,
                padding: padding + reach)
        }
        var blurring: Blurring? { taps.map { Blurring(taps: $0, kernel: kernel) } }
        func way(readsPlanes: Bool = false, width: Int? = nil) -> any ConvolutionWay {
            if let blurring {
                return BlurredConvolution(
                    shape, blurring, capacity: samples, readsPlanes: readsPlanes, hasInputGradient: !readsPlanes,
                    width: width)
            }
            return Convolution(shape, readsPlanes: readsPlanes, hasInputGradient: !readsPlanes, width: width)
        }
        private var kernel: [Float] { (-reach...reach).map { exp(-0.3 * Float($0 * $0)) } }
        /// The rounding of two blurs.
        var blurTerms: Int { taps == nil ? 0 : 2 * (2 * reach + 1) }
        /// The pixels of a filter that weights stand for.
        var tapCount: Int { taps?.count ?? size * size }

        /// The filters, maps × channels × their pixels with what the kernel reaches, from weights of the taps.
        func filters(_ w: [Double]) -> [Double] {
            guard let taps else { return w }
            let side = size + 2 * reach
            var all = [Double](repeating: 0, count: maps * channels * side * side)
            forEachPixel(taps) { all[$0] += w[$1] * $2 }
            return all
        }

        /// The gradient of the taps' weights from that of the filters.
        func projected(_ gradient: [Double]) -> [Double] {
            guard let taps else { return gradient }
            var all = [Double](repeating: 0, count: maps * channels * taps.count)
            forEachPixel(taps) { all[$1] += gradient[$0] * $2 }
            return all
        }

        /// Calls `body` with a pixel of a filter, a tap near it, and the kernel between them.
        private func forEachPixel(_ taps: [Int], _ body: (Int, Int, Double) -> Void) {
            let side = size + 2 * reach
            for plane in 0..<maps * channels {
                for (a, tap) in taps.enumerated() {
                    for i in kernel.indices {
                        for j in kernel.indices {
                            let pixel = (tap / size + i) * side + tap % size + j
                            body(
                                plane * side * side + pixel, plane * taps.count + a,
                                Double(kernel[i]) * Double(kernel[j]))
                        }
                    }
                }
            }
        }

        var testDescription: String {
            "\(samples) of \(channels)×\(height)×\(width), \(maps) of \(size), stride \(stride), padding \(padding)"
                + (taps.map { ", taps \($0), reach \(reach)" } ?? "")
        }
    }

    static let problems = [
        Problem(), Problem(padding: 1), Problem(padding: 2), Problem(stride: 2, padding: 1, samples: 1),
        Problem(height: 8, width: 9, size: 3, stride: 3, padding: 2), Problem(size: 1), Problem(size: 1, stride: 2),
        Problem(channels: 16, maps: 16, padding: 1), Problem(channels: 17, maps: 33, padding: 1),
        Problem(channels: 1, height: 5, width: 5, maps: 1, size: 5),
        Problem(channels: 2, maps: 48, size: 4, padding: 3),
        Problem(height: 9, width: 33, maps: 48, size: 8, padding: 4, samples: 1),
        Problem(channels: 20, height: 2, width: 2, maps: 64, size: 3, padding: 2),
        // Taps alone; blurred within the filter's reach, and far beyond the image; what strides leave over.
        Problem(padding: 2, taps: [0, 1, 5, 8]), Problem(channels: 16, maps: 16, taps: [4], reach: 1),
        Problem(channels: 17, maps: 18, padding: 1, taps: [2, 3, 4, 7], reach: 2),
        Problem(padding: 2, taps: [1, 6], reach: 7), Problem(stride: 2, padding: 1, taps: [0, 4], reach: 2),
        Problem(height: 8, width: 9, size: 4, stride: 3, padding: 3, samples: 3, taps: [3, 4, 8, 15], reach: 1),
        Problem(
            channels: 1, height: 9, width: 33, maps: 48, size: 8, padding: 4, samples: 1, taps: [9, 10, 63], reach: 6),
    ]

    /// Forward, and both gradients, are those of the naive sums, with vectors of any width.
    @Test(arguments: problems, [4, 8, 16].filter { $0 <= Convolution.widestVectors })
    func sumsAreThoseOfDouble(problem: Problem, width: Int) {
        let shape = problem.shape, naive = problem.naive, taps = problem.tapCount, output = shape.output
        let convolution = problem.way(width: width)
        #expect(output.height == naive.outputHeight && output.width == naive.outputWidth)
        let w = draw(shape.maps * shape.input.channels * taps, 1), bias = draw(shape.maps, 2)
        let weights = packed(w, convolution), offsets = Matrix<Float>(rows: 1, columns: convolution.weightColumns)
        for m in 0..<shape.maps { offsets[0, m] = Float(bias[m]) }
        let xs = (0..<problem.samples).map { draw(shape.input.count, 3 + $0) }
        let gs = (0..<problem.samples).map { draw(output.count, 10 + $0) }
        let x = Matrix(xs.map { inPixels($0, shape.input) }), g = Matrix(gs.map { inPixels($0, output) })
        let y = normalMatrix(rows: problem.samples, columns: output.sampleFloats, stream: 20)
        let dx = normalMatrix(rows: problem.samples, columns: shape.input.sampleFloats, stream: 21)
        // Twice: a workspace may keep nothing of the first time.
        for _ in 0..<2 { convolution.apply(x, weights: weights, bias: offsets, into: y) }
        // The gradient is added to what is there.
        let before = draw(w.count, 22), dw = packed(before, convolution)
        convolution.addWeightGradient(x, g, into: dw)
        convolution.inputGradient(g, weights: weights, into: dx)

        let filters = problem.filters(w), ofFilters = problem.filters(magnitudes(w))
        var truthOfWeights = before, magnitudeOfWeights = magnitudes(before)
        for s in 0..<problem.samples {
            let (values, isClean) = planes(y.arrays[s], output)
            expectClose(
                values, naive.outputs(xs[s], weights: filters, bias: bias),
                naive.outputs(magnitudes(xs[s]), weights: ofFilters, bias: magnitudes(bias)),
                taps * shape.input.channels + 1 + problem.blurTerms)
            let truth = naive.gradients(xs[s], weights: filters, gs[s])
            let magnitude = naive.gradients(magnitudes(xs[s]), weights: ofFilters, magnitudes(gs[s]))
            let truths = problem.projected(truth.weights), ofTruths = problem.projected(magnitude.weights)
            let (back, isCleanBack) = planes(dx.arrays[s], shape.input)
            expectClose(back, truth.inputs, magnitude.inputs, taps * shape.maps + problem.blurTerms)
            #expect(isClean && isCleanBack)
            for i in w.indices {
                truthOfWeights[i] += truths[i]
                magnitudeOfWeights[i] += ofTruths[i]
            }
        }
        expectClose(
            unpacked(dw, convolution), truthOfWeights, magnitudeOfWeights,
            problem.samples * output.positions + 1 + problem.blurTerms)
    }

    /// The first layer of a network reads planes, and computes the same.
    @Test(arguments: problems) func planesAreReadAsPixelsAre(problem: Problem) {
        let shape = problem.shape
        let other = problem.way(), first = problem.way(readsPlanes: true)
        let weights = packed(draw(other.weightRows * shape.maps, 1), other)
        let bias = normalMatrix(rows: 1, columns: other.weightColumns, stream: 2)
        let x = (0..<problem.samples).map { draw(shape.input.count, 3 + $0) }
        let rows = Matrix(x.map { $0.map(Float.init) }), pixels = Matrix(x.map { inPixels($0, shape.input) })
        let y = normalMatrix(rows: problem.samples, columns: shape.output.sampleFloats, stream: 4), z = y.clone()
        first.apply(rows, weights: weights, bias: bias, into: y)
        other.apply(pixels, weights: weights, bias: bias, into: z)
        #expect(y.arrays == z.arrays)
        let dw = weights.clone(), dv = weights.clone()
        first.addWeightGradient(rows, y, into: dw)
        other.addWeightGradient(pixels, y, into: dv)
        #expect(dw.arrays == dv.arrays)
    }

    /// A filter of ones counts the pixels that it sees of an image of ones.
    @Test func paddingIsZero() {
        let shape = ConvolutionShape(input: TensorShape(channels: 1, height: 4, width: 4), maps: 1, size: 3, padding: 2)
        let convolution = Convolution(shape), weights = Matrix<Float>(rows: 9, columns: 16)
        weights.columns(0..<1).fill(1)
        let x = Matrix([inPixels([Double](repeating: 1, count: 16), shape.input)])
        let y = Matrix<Float>(rows: 1, columns: shape.output.sampleFloats)
        convolution.apply(x, weights: weights, bias: Matrix(rows: 1, columns: 16), into: y)
        let side = [1, 2, 3, 3, 2, 1].map(Double.init)
        #expect(planes(y.arrays[0], shape.output).values == side.flatMap { row in side.map { row * $0 } })
    }
}
