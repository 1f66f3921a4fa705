import Datasets
import LinearAlgebra
import TestFiles
import Testing

@Suite struct ImagePatchesTests {
    static let cases: [(shape: TensorShape, size: Int)] =
        (1...12).map { (TensorShape(channels: 3, height: 17, width: 23), $0) } + [
            (TensorShape(channels: 1, height: 28, width: 28), 6), (TensorShape(channels: 3, height: 6, width: 9), 6),
            (TensorShape(channels: 3, height: 96, width: 96), 10),
        ]

    @Test(arguments: cases)
    func everyPatchAndItsScale(shape: TensorShape, size: Int) {
        var image = randomBytes(shape.count, seed: UInt64(size))
        for i in 0 ..< image.count / 2 { image[i] = 255 }  // flat parts, the largest sums
        let across = shape.width - size + 1
        let positions = patchPositions(of: shape, size: size)
        #expect(positions == across * (shape.height - size + 1))
        let n = shape.channels * size * size

        // A view with a gap after each row, which must stay as it was.
        let room = Matrix<Float>(rows: positions, columns: n + 3)
        room.fill(-1)
        extractPatches(planes: image, shape: shape, size: size, into: room.columns(0..<n))
        var scales = [Float](repeating: 0, count: positions)
        scales.withUnsafeMutableBufferPointer { patchScales(planes: image, shape: shape, size: size, into: $0) }

        var wrong = (patches: 0, scales: 0)
        for p in 0..<positions {
            var patch: [Int] = []
            for channel in 0..<shape.channels {
                for row in 0..<size {
                    for column in 0..<size {
                        let at = (channel * shape.height + p / across + row) * shape.width + p % across + column
                        patch.append(Int(image[at]))
                    }
                }
            }
            if Array(room.row(p)) != patch.map({ Float($0) }) + [-1, -1, -1] { wrong.patches += 1 }
            let mean = Double(patch.reduce(0, +)) / Double(n)
            let variance = patch.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(max(n - 1, 1))
            let exact = 1 / (variance + 10).squareRoot()
            if !(abs(Double(scales[p]) - exact) <= 0x1p-23 * exact) { wrong.scales += 1 }
        }
        #expect(wrong == (0, 0))
    }
}
