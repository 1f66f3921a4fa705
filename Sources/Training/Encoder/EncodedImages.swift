import Datasets
import LinearAlgebra
import Parallel

/// The features of the images that this rank encodes, with their labels.
public struct EncodedImages {
    /// images × features
    public let features: Matrix<Float>
    public let labels: [Int32]
    /// Where the images stand in the set.
    public let range: Range<Int>
    /// Images on all ranks.
    public let total: Int

    public init(features: Matrix<Float>, labels: [Int32], range: Range<Int>, total: Int) {
        self.features = features
        self.labels = labels
        self.range = range
        self.total = total
    }

    /// Encodes this rank's cut of a set. No collective but those of `agree`.
    ///
    /// - Parameter report: called now and then with the images done on this rank.
    public init(
        _ set: (images: ImageSet, labels: Labels), width: Int, communicator: Communicator, report: (Int) -> Void = { _ in },
        encode: (UnsafePointer<UInt8>, UnsafeMutablePointer<Float>) -> Void
    ) throws {
        total = set.images.count
        range = Cut(total, into: communicator.size)[communicator.rank]
        let range = range
        let features = Matrix<Float>(rows: range.count, columns: width)
        labels = try communicator.agree {
            let batch = 64, pixels = set.images.shape.count
            let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: batch * pixels)
            defer { buffer.deallocate() }
            for start in stride(from: 0, to: range.count, by: batch) {
                let count = min(batch, range.count - start)
                let first = range.lowerBound + start
                try set.images.read(first..<first + count, into: UnsafeMutableBufferPointer(rebasing: buffer[..<(count * pixels)]))
                for i in 0..<count {
                    encode(buffer.baseAddress! + i * pixels, features.row(start + i).baseAddress!)
                }
                report(start + count)
            }
            return try set.labels.labels(range)
        }
        self.features = features
    }

    /// The local rows of the images whose places in the set are given, copied, with their labels.
    public func selecting(_ indices: [Int]) -> (features: Matrix<Float>, labels: [Int32]) {
        let own = indices.filter(range.contains)
        let selected = Matrix<Float>(rows: own.count, columns: features.columns)
        for (r, index) in own.enumerated() {
            selected.rows(r..<r + 1).copy(from: features.rows(index - range.lowerBound..<index - range.lowerBound + 1))
        }
        return (selected, own.map { labels[$0 - range.lowerBound] })
    }
}
