import DataParallel
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
    /// The images of `range` that are computed separately where sums over them are formed, and how those
    /// are.
    public let parts: [Range<Int>]
    public let order: ReductionOrder
    /// Images on all ranks.
    public let total: Int

    /// - Parameter parts: this rank's.
    public init(features: Matrix<Float>, labels: [Int32], parts: SampleParts, order: ReductionOrder = .fast, total: Int)
    {
        self.features = features
        self.labels = labels
        range = parts.range
        self.parts = parts.own.map { parts[$0] }
        self.order = order
        self.total = total
    }

    /// Encodes this rank's part of a set. Collective.
    ///
    /// - Parameters:
    ///   - checkpoints: the run's, which are asked after every batch, and what the set is called there; nil: none.
    ///   - report: called now and then with the images done on this rank.
    /// - Throws: what `agree` does, where a rank cannot read an image or its features are not finite.
    public init(
        _ set: (images: ImageSet, labels: Labels), width: Int, order: ReductionOrder = .fast,
        communicator: Communicator, checkpoints: (all: Checkpoints, name: String)? = nil,
        report: (Int) -> Void = { _ in },
        encode: (UnsafePointer<UInt8>, UnsafeMutablePointer<Float>) -> Void
    ) throws {
        let all = set.images.count
        let parts = order.parts(of: all, rank: communicator.rank, ranks: communicator.size), range = parts.range
        let features = Matrix<Float>(rows: range.count, columns: width)
        self.init(
            features: features, labels: try communicator.agree { try set.labels.labels(range) }, parts: parts,
            order: order, total: all)
        let state = EncodedState(features, rows: range, of: all)
        if let checkpoints { try checkpoints.all.attach(state, as: checkpoints.name) }
        if state.isDone { return }
        let batch = 64, pixels = set.images.shape.count
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: batch * pixels)
        defer { buffer.deallocate() }
        // All ranks ask equally often, also one that has failed.
        var failure: (any Error)?
        for start in stride(from: 0, to: order.largestRange(of: all, ranks: communicator.size), by: batch) {
            let count = max(0, min(batch, range.count - start)), first = range.lowerBound + start
            if failure == nil, count > 0 {
                do {
                    try set.images.read(
                        first..<first + count, into: UnsafeMutableBufferPointer(rebasing: buffer[..<(count * pixels)]))
                    for i in 0..<count {
                        let row = features.row(start + i)
                        encode(buffer.baseAddress! + i * pixels, row.baseAddress!)
                        guard row.allSatisfy({ $0.isFinite }) else {
                            throw TrainingError(
                                "\(set.images.path): expected finite features of image \(first + i), found others: "
                                    + "look at layer.w, whitening and encoder.scale of the model")
                        }
                    }
                    report(start + count)
                } catch { failure = error }
            }
            try checkpoints?.all.tick(checkpoints!.name)
        }
        try communicator.agree { if let failure { throw failure } }
        state.isDone = true
        try checkpoints?.all.endPhase("the end of \(checkpoints!.name)")
    }

    /// The local rows of the images whose places in the set are given, copied, with their labels, part after part, and
    /// the rows of every part.
    public func selecting(_ indices: [Int]) -> (features: Matrix<Float>, labels: [Int32], parts: [Range<Int>]) {
        let ofParts = parts.map { indices.filter($0.contains) }, own = Array(ofParts.joined())
        let selected = Matrix<Float>(rows: own.count, columns: features.columns)
        for (r, index) in own.enumerated() {
            selected.rows(r..<r + 1).copy(from: features.rows(index - range.lowerBound..<index - range.lowerBound + 1))
        }
        let ends = ofParts.reduce(into: [0]) { $0.append($0.last! + $1.count) }
        return (selected, own.map { labels[$0 - range.lowerBound] }, zip(ends, ends.dropFirst()).map { $0..<$1 })
    }
}

/// The features of a set in a checkpoint, once all are there: those of an image are its row.
private final class EncodedState: Checkpointable {
    private let features: Matrix<Float>
    private let rows: Range<Int>
    private let all: Int
    var isDone = false

    init(_ features: Matrix<Float>, rows: Range<Int>, of all: Int) {
        self.features = features
        self.rows = rows
        self.all = all
    }

    func archive(to archive: StateArchive) throws {
        try archive.flag("done", &isDone)
        if isDone { try archive.matrix("features", features, .rows(rows, of: all)) }
    }
}
