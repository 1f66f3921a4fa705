import Datasets
import LinearAlgebra
import Testing

extension ImageSet {
    /// Images as arrays of bytes.
    func arrays(_ range: Range<Int>) throws -> [[UInt8]] {
        var bytes = [UInt8](repeating: 0, count: range.count * shape.count)
        try bytes.withUnsafeMutableBufferPointer { try read(range, into: $0) }
        return (0..<range.count).map { Array(bytes[$0 * shape.count ..< ($0 + 1) * shape.count]) }
    }
}

/// Expects the samples of a part, whose file is mapped or inflated, to be its images as they are read by position.
func expectSamples(_ part: (images: ImageSet, labels: Labels), _ range: Range<Int>) throws {
    let (images, labels) = part, size = images.shape.count
    let samples = try ImageSamples(images, labels, range: range)
    #expect(samples.count == range.count && samples.columns == size + 1)
    let rows = Matrix<Float>(rows: range.count + 1, columns: size + 1), order = Array((0..<range.count).reversed())
    rows.fill(7)
    samples.load(order[...], into: rows)
    for (r, sample) in order.enumerated() {
        let bytes = try images.arrays(range.lowerBound + sample ..< range.lowerBound + sample + 1)[0]
        #expect(Array(rows.row(r)) == bytes.map { Float($0) * (1 / 255) } + [1])
    }
    #expect(rows.row(range.count).allSatisfy { $0 == 7 }, "rows below the samples stay")
    #expect(samples.labels == (try labels.labels(range)))
}
