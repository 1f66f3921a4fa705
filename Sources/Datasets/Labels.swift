import Storage

/// The labels of a set of images, a byte each in files, read by position.
public final class Labels: Sendable {
    public let classes: Int
    public var count: Int { records.count }
    private let records: RecordSequence
    /// The label that the file writes for class 0.
    private let first: Int

    init(classes: Int, first: Int, files: [Records]) {
        self.classes = classes
        self.first = first
        records = RecordSequence(files)
    }

    /// Labels as classes from 0 on. Throws `DataError` for a label that names no class.
    public func labels(_ range: Range<Int>) throws -> [Int32] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        try bytes.withUnsafeMutableBytes { try records.read(range, into: $0) }
        return try zip(range, bytes).map { index, byte in
            let label = Int(byte) - first
            guard (0..<classes).contains(label) else {
                let place = records.place(of: index)
                throw DataError(
                    place.path, expected: "labels from \(first) to \(first + classes - 1)",
                    found: "\(byte) at position \(place.position)")
            }
            return Int32(label)
        }
    }
}
