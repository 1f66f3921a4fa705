import LinearAlgebra

/// Images in files, read by position.
///
/// Whatever order the file has, an image is delivered channel by channel, each channel row by row. Files stay open
/// until the set goes away; a .gz is inflated in memory. Several threads may read at once.
public final class ImageSet: Sendable {
    public let shape: TensorShape
    public var count: Int { records.count }
    private let records: RecordSequence
    /// Whether the file keeps each channel column by column (STL-10).
    private let columnMajor: Bool

    /// The file of the first image.
    public var path: String { records.parts[0].file.path }

    init(shape: TensorShape, files: [Records], columnMajor: Bool = false) {
        precondition(!columnMajor || shape.height == shape.width, "only square planes are turned in place")
        self.shape = shape
        records = RecordSequence(files)
        self.columnMajor = columnMajor
    }

    /// Reads images one after the other into a buffer of at least `range.count · shape.count` bytes.
    ///
    /// Throws `DataError` where a file cannot be read. Cost: a copy, and a transposition for STL-10.
    public func read(_ range: Range<Int>, into buffer: UnsafeMutableBufferPointer<UInt8>) throws {
        precondition(
            buffer.count >= range.count * shape.count, "\(range.count) images of \(shape) into \(buffer.count) bytes")
        let bytes = UnsafeMutableBufferPointer(rebasing: buffer[..<(range.count * shape.count)])
        try records.read(range, into: UnsafeMutableRawBufferPointer(bytes))
        guard columnMajor, let base = bytes.baseAddress else { return }
        let side = shape.width
        for plane in 0 ..< range.count * shape.channels { transpose(base + plane * side * side, side: side) }
    }

    /// All images in memory, which the processes of a machine share.
    func mapped() throws -> MappedImages {
        try MappedImages(shape: shape, records: records, columnMajor: columnMajor)
    }

    /// The value of all pixels of all images; nil where there are several.
    func onlyValue() throws -> UInt8? {
        let pixels = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: shape.count)
        defer { pixels.deallocate() }
        try read(index: 0, into: pixels)
        let value = pixels[0]
        for index in 0..<count {
            try read(index: index, into: pixels)
            if pixels.contains(where: { $0 != value }) { return nil }
        }
        return value
    }

    /// Reads one image.
    public func read(index: Int, into buffer: UnsafeMutableBufferPointer<UInt8>) throws {
        try read(index ..< index + 1, into: buffer)
    }
}
