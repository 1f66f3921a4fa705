import DataParallel
import Datasets
import LinearAlgebra
import Parallel
import Partition
import Runs

/// The images of a run as its network takes them, preprocessed as the settings say.
///
/// Whitened images are made before training, not in its steps: an image of CIFAR-10, of 3072 values, takes 19 Mflop,
/// which a step would feel. Those of the training set are in memory that the ranks of a machine
/// share; each makes a part.
final class PreparedImages {
    private let preprocessing: Preprocessing?
    private let data: Dataset
    /// The training images that are used; nil: all.
    private let used: [Int]?
    private let order: ReductionOrder
    private let communicator: Communicator
    private let checkpoints: Checkpoints
    private let progress: ProgressLog
    /// The same on all ranks; nil where images are not whitened.
    private(set) var whitening: Whitening?
    /// The whitened training images, which are made once.
    private var whitened: MatrixSamples?

    /// Fits the whitening on the training images that are used. Collective.
    ///
    /// - Throws: `CollectiveError` for a file that cannot be read, and where eigenvalues do not converge; `MPIError`.
    init(
        of data: Dataset, settings: NetworkSettings, order: ReductionOrder, communicator: Communicator,
        checkpoints: Checkpoints, progress: ProgressLog
    ) throws {
        preprocessing = settings.preprocessing
        self.data = data
        used = settings.used(of: data.train.images.count)
        self.order = order
        self.communicator = communicator
        self.checkpoints = checkpoints
        self.progress = progress
        guard preprocessing == .whiten else { return }
        Allocation.purpose = "whitening images"
        whitening = try fit(try readTraining())
    }

    /// Costs two broadcasts of n and n² Floats beside what `inputMoments` does; O(n³) flops on rank 0.
    private func fit(_ samples: ImageSamples) throws -> Whitening {
        let count = samples.count, size = samples.columns - 1
        progress.say("fitting the whitening on \(count) images")
        let chunk = Matrix<Float>(rows: sampleChunk, columns: size + 1)
        // All values of an image are one plane, so that channels are whitened together.
        let moments = try inputMoments(
            TensorShape(channels: 1, height: 1, width: size), samples: Array(0..<count), squared: false, order: order,
            communicator: communicator, meet: { [checkpoints] in try checkpoints.listen("the whitening") }
        ) { numbers, rows in
            samples.load(numbers, into: chunk)
            let loaded = 0..<numbers.count
            rows.rows(loaded).copy(from: chunk.rows(loaded).columns(0..<size))
        }
        var mean = [Float](repeating: 0, count: size)
        var matrix = Matrix<Float>(rows: size, columns: size)
        try communicator.agreeOnRoot {
            let made = try Whitening(mean: moments.mean, covariance: moments.covariance)
            (mean, matrix) = (made.mean, made.matrix)
        }
        try mean.withUnsafeMutableBufferPointer { try communicator.broadcast($0, from: 0) }
        try communicator.broadcast(matrix.elements, from: 0)
        return Whitening(mean: mean, matrix: matrix)
    }

    /// How many training images are used.
    var trainingCount: Int { used?.count ?? data.train.images.count }

    /// Opens the training images that are used. Collective.
    ///
    /// - Throws: `CollectiveError` for a file that cannot be read; `MPIError`.
    func training() throws -> any SampleSource {
        guard let whitening else { return try readTraining() }
        if let whitened { return whitened }
        let made = try whiten(try readTraining(), 0..<trainingCount, by: whitening, isShared: true)
        whitened = made
        return made
    }

    /// Opens some test images, which take the place of training images. Collective.
    ///
    /// - Throws: `CollectiveError` for a file that cannot be read; `MPIError`.
    func test(_ range: Range<Int>) throws -> any SampleSource {
        whitened = nil
        guard let whitening else { return try read(data.test, range) }
        let all = try read(data.test, 0..<data.test.images.count)
        return try whiten(all, range, by: whitening, isShared: false)
    }

    /// - Parameter isShared: whether all ranks ask for the same samples, which those of a machine then share.
    private func whiten(
        _ all: ImageSamples, _ range: Range<Int>, by whitening: Whitening, isShared: Bool
    ) throws -> MatrixSamples {
        let columns = all.columns
        let bytes = 4 * range.count * columns, shares = isShared && communicator.size > 1
        let memory = shares ? try communicator.nodeMemory(bytes: bytes) : nil
        if shares, memory == nil {
            progress.warn(
                "whitened images take \(bytes / 1_000_000 + 1) MB on every rank: /dev/shm has no room to share them")
        }
        let rows =
            memory.map { Matrix<Float>(rows: range.count, columns: columns, in: $0.bytes, of: $0) }
            ?? Matrix<Float>(rows: range.count, columns: columns)
        // Chunks are those of the whole set, so that a product's rounding does not depend on who makes it.
        let first = range.lowerBound / sampleChunk, chunks = (range.upperBound + sampleChunk - 1) / sampleChunk - first
        let own = memory.map { Cut(chunks, into: $0.ranks)[$0.place] } ?? 0..<chunks
        let raw = Matrix<Float>(rows: sampleChunk, columns: columns)
        let white = Matrix<Float>(rows: sampleChunk, columns: columns - 1)
        var steps = try EvenSteps(own.count, on: communicator) { [checkpoints] in
            try checkpoints.listen("the whitening")
        }
        for (done, chunk) in own.enumerated() {
            let start = (first + chunk) * sampleChunk, part = start..<min(start + sampleChunk, all.count)
            all.load(Array(part)[...], into: raw)
            whitening.apply(
                to: raw.rows(0..<part.count).columns(0..<columns - 1), into: white.rows(0..<part.count))
            for sample in part.clamped(to: range) {
                let row = rows.row(sample - range.lowerBound)
                row.baseAddress!.update(from: white.row(sample - start).baseAddress!, count: columns - 1)
                row[columns - 1] = 1
            }
            progress.step("whitening images: chunk", done + 1, of: own.count)
            try steps.endStep()
        }
        try steps.endLoop()
        // What the ranks of a machine share is whole when all are here.
        try communicator.barrier()
        return MatrixSamples(rows: rows, labels: Array(all.labels[range]))
    }

    private func readTraining() throws -> ImageSamples {
        try read(data.train, 0..<data.train.images.count, chosen: used)
    }

    private func read(
        _ part: (images: ImageSet, labels: Labels), _ range: Range<Int>, chosen: [Int]? = nil
    ) throws -> ImageSamples {
        try communicator.agree {
            try ImageSamples(
                part.images, part.labels, range: range, chosen: chosen, isNormalised: preprocessing != nil)
        }
    }
}
