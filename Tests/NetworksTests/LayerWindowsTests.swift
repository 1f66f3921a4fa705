import Layers
import LinearAlgebra
import Networks
import Testing

@Suite struct LayerWindowsTests {
    /// Values that say where they are: 100 times the channel, 10 times the row, the column. Both orders give the same
    /// windows, zeros outside of the map, and each place is drawn by some sample.
    @Test(arguments: [ValueOrder.planes, .pixels]) func windows(order: ValueOrder) {
        let input = TensorShape(channels: 3, height: 4, width: 5)
        let shape = ConvolutionShape(input: input, maps: 2, size: 3, stride: 2, padding: 1)
        let draws = RandomStream(seed: 4, purpose: .dictionary), samples = Array(3..<43)
        let inputs = Matrix<Float>(rows: samples.count, columns: order.columns(of: input))
        let rows = Matrix<Float>(rows: samples.count + 1, columns: 27)
        func value(_ sample: Int, _ c: Int, _ y: Int, _ x: Int) -> Float {
            Float(1000 * sample + 100 * c + 10 * y + x + 1)
        }
        for (r, sample) in samples.enumerated() {
            for c in 0..<3 {
                for y in 0..<4 {
                    for x in 0..<5 {
                        let column = order == .planes ? (c * 4 + y) * 5 + x : (y * 5 + x) * 16 + c
                        inputs[r, column] = value(sample, c, y, x)
                    }
                }
            }
        }
        rows.fill(-1)
        LayerWindows(shape, order: order, draws: draws).cut(samples[...], from: inputs, into: rows)
        var places: Set<Int> = [], wrong = 0
        for (r, sample) in samples.enumerated() {
            let place = draws.integer(below: 6, at: sample), top = place / 3 * 2 - 1, left = place % 3 * 2 - 1
            places.insert(place)
            for i in 0..<27 {
                let (c, y, x) = (i / 9, top + i / 3 % 3, left + i % 3)
                let isInside = 0..<4 ~= y && 0..<5 ~= x
                if rows[r, i] != (isInside ? value(sample, c, y, x) : 0) { wrong += 1 }
            }
        }
        #expect(wrong == 0 && places.count == 6)
        #expect(rows.row(samples.count).allSatisfy { $0 == -1 })
    }
}
