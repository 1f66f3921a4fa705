import LinearAlgebra
import Storage

/// The images of a set in memory, a byte a value.
struct MappedImages {
    /// The records of one file.
    private struct Part {
        let bytes: ReadOnlyBytes
        let start: Int
        let stride: Int
        let images: Range<Int>
    }

    let shape: TensorShape
    private let parts: [Part]
    private let columnMajor: Bool

    init(shape: TensorShape, records: RecordSequence, columnMajor: Bool) throws {
        self.shape = shape
        self.columnMajor = columnMajor
        var first = 0
        parts = try records.parts.map { part in
            defer { first += part.count }
            let bytes = try part.file.inMemory()
            let end = part.start + max(0, part.count - 1) * part.stride + (part.count > 0 ? part.length : 0)
            guard end <= bytes.bytes.count else {
                throw DataError(part.file.path, expected: "\(end) bytes", found: "\(bytes.bytes.count)")
            }
            return Part(bytes: bytes, start: part.start, stride: part.stride, images: first..<first + part.count)
        }
    }

    /// Writes the values of an image times a scale, channel by channel, each row by row.
    func load(_ index: Int, scale: Float, into values: UnsafeMutablePointer<Float>) {
        let part = parts.count == 1 ? parts[0] : parts.first { $0.images.contains(index) }!
        precondition(part.images.contains(index), "image \(index) of \(part.images)")
        let place = part.start + (index - part.images.lowerBound) * part.stride
        let bytes = part.bytes.bytes.baseAddress!.assumingMemoryBound(to: UInt8.self) + place
        widen(bytes, scale: scale, into: values, count: shape.count)
        guard columnMajor else { return }
        let side = shape.width
        for channel in 0..<shape.channels { transpose(values + channel * side * side, side: side) }
    }
}

/// Turns a square plane, in place.
func transpose<Value>(_ plane: UnsafeMutablePointer<Value>, side: Int) {
    for row in 0..<side {
        for column in 0..<row {
            let (a, b) = (row * side + column, column * side + row)
            (plane[a], plane[b]) = (plane[b], plane[a])
        }
    }
}
