import LinearAlgebra
import TestSupport
import Testing

@Suite struct MaxPoolTests {
    struct Problem: CustomTestStringConvertible, Sendable {
        var channels = 3, height = 7, width = 6, size = 2, stride = 2
        var testDescription: String { "\(channels)×\(height)×\(width), windows of \(size), stride \(stride)" }
        var pool: MaxPool {
            MaxPool(input: TensorShape(channels: channels, height: height, width: width), size: size, stride: stride)
        }
    }

    /// The values of the window at (r, q) of a sample, row by row, and where they are.
    private func window(
        _ x: [Float], _ pool: MaxPool, _ r: Int, _ q: Int, _ channel: Int
    ) -> [(value: Float, place: Int)] {
        (0..<pool.size * pool.size).map { t in
            let row = r * pool.stride + t / pool.size, column = q * pool.stride + t % pool.size
            let place = (row * pool.input.width + column) * pool.input.pixelFloats + channel
            return (x[place], place)
        }
    }

    @Test(arguments: [
        Problem(), Problem(size: 4), Problem(size: 3, stride: 1), Problem(size: 1, stride: 3), Problem(channels: 48),
        Problem(channels: 17, height: 4, width: 4, size: 4, stride: 4), Problem(size: 2, stride: 4),
    ]) func theLargestOfEveryWindow(problem: Problem) {
        let pool = problem.pool, output = pool.output
        let x = normalMatrix(rows: 2, columns: pool.input.sampleFloats, stream: 1)
        // Many equal values: the first of them has the gradient.
        for i in 0..<x.elements.count { x.elements[i] = (x.elements[i] * 2).rounded() }
        let g = normalMatrix(rows: 2, columns: output.sampleFloats, stream: 2)
        let y = normalMatrix(rows: 2, columns: output.sampleFloats, stream: 3)
        let dx = normalMatrix(rows: 2, columns: pool.input.sampleFloats, stream: 4)
        var places = [Int32](repeating: -1, count: 2 * output.sampleFloats)
        pool.apply(x, into: y, places: &places)
        pool.gradient(g, places: places, into: dx)
        for s in 0..<2 {
            let values = x.arrays[s]
            var truth = [Float](repeating: 0, count: values.count)
            for r in 0..<output.height {
                for q in 0..<output.width {
                    for c in 0..<output.pixelFloats {
                        let seen = window(values, pool, r, q, c), largest = seen.map(\.value).max()!
                        let place = (r * output.width + q) * output.pixelFloats + c
                        #expect(y[s, place] == largest)
                        let first = seen.firstIndex { $0.value == largest }!
                        #expect(places[s * output.sampleFloats + place] == Int32(first))
                        truth[seen[first].place] += g[s, place]
                    }
                }
            }
            // Windows come in the same order, so sums of a few have the same bits.
            #expect(dx.arrays[s] == truth)
        }
    }

    /// A diverged net stays visible; of several NaNs the first counts.
    @Test func notANumberIsTheLargest() {
        let pool = MaxPool(input: TensorShape(channels: 1, height: 2, width: 2), size: 2, stride: 2)
        for place in 0..<4 {
            let x = Matrix<Float>(rows: 1, columns: pool.input.sampleFloats)
            for p in 0..<4 { x[0, p * 16] = p >= place ? .nan : .infinity }
            let y = Matrix<Float>(rows: 1, columns: 16)
            var places = [Int32](repeating: 0, count: 16)
            pool.apply(x, into: y, places: &places)
            #expect(y[0, 0].isNaN && places[0] == Int32(place))
        }
    }
}
