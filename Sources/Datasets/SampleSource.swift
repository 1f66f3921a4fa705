import LinearAlgebra

/// The samples that a rank trains on or tests, as rows that a network's first layer reads.
public protocol SampleSource: AnyObject {
    /// How many there are.
    var count: Int { get }
    /// The columns of a row: a sample's values and a last 1, or pooled inputs with their 1s.
    var columns: Int { get }
    /// The class of every sample.
    var labels: [Int32] { get }

    /// Puts samples into the first rows of a matrix of `columns` columns; the rows below stay as they are.
    func load(_ samples: ArraySlice<Int>, into rows: Matrix<Float>)
}

/// Samples in memory, a row each.
public final class MatrixSamples: SampleSource {
    public let rows: Matrix<Float>
    public let labels: [Int32]

    /// - Parameter rows: kept, not copied.
    public init(rows: Matrix<Float>, labels: [Int32]) {
        precondition(rows.rows == labels.count, "\(labels.count) labels of \(rows.rows) rows")
        self.rows = rows
        self.labels = labels
    }

    public var count: Int { rows.rows }
    public var columns: Int { rows.columns }

    /// Reads and writes 4·samples·columns bytes each.
    public func load(_ samples: ArraySlice<Int>, into batch: Matrix<Float>) {
        for (r, sample) in samples.enumerated() {
            (batch.pointer + r * batch.stride).update(from: rows.pointer + sample * rows.stride, count: rows.columns)
        }
    }
}

/// Images of a set as bytes in memory that the processes of a machine share. Where they are loaded they become numbers
/// in [0, 1], or what contrast normalisation makes of them, with a last 1.
public final class ImageSamples: SampleSource {
    private let images: MappedImages
    private let first: Int
    /// The images from the first on that are samples; nil: all.
    private let chosen: [Int]?
    private let isNormalised: Bool
    public let labels: [Int32]

    /// - Parameters:
    ///   - range: images.
    ///   - chosen: those of the range that are samples, counted from its first; nil: all.
    ///   - isNormalised: whether their contrast is.
    /// - Throws: `DataError`.
    public init(
        _ images: ImageSet, _ labels: Labels, range: Range<Int>, chosen: [Int]? = nil, isNormalised: Bool = false
    ) throws {
        self.images = try images.mapped()
        first = range.lowerBound
        self.chosen = chosen
        self.isNormalised = isNormalised
        let all = try labels.labels(range)
        self.labels = chosen?.map { all[$0] } ?? all
    }

    public var count: Int { labels.count }
    public var columns: Int { images.shape.count + 1 }

    /// Reads samples·columns bytes and writes four times as many.
    public func load(_ samples: ArraySlice<Int>, into batch: Matrix<Float>) {
        let size = images.shape.count
        for (r, sample) in samples.enumerated() {
            let row = batch.pointer + r * batch.stride
            images.load(first + (chosen?[sample] ?? sample), scale: isNormalised ? 1 : 1 / 255, into: row)
            if isNormalised { globalContrastNormalise(UnsafeMutableBufferPointer(start: row, count: size)) }
            row[size] = 1
        }
    }
}
