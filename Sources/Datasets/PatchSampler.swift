import LinearAlgebra

/// Where a patch lies: its image and its upper left pixel.
public struct PatchPosition: Equatable, Sendable {
    public let image: Int
    public let row: Int
    public let column: Int

    public init(image: Int, row: Int, column: Int) {
        self.image = image
        self.row = row
        self.column = column
    }
}

/// Random square patches of a set's images, numbered from 0 on.
///
/// Patch m depends on the seed and on m alone, so ranks that read different ranges of numbers together hold the
/// patches that one rank would have read.
public struct PatchSampler: Sendable {
    public let images: ImageSet
    /// The side of a patch in pixels.
    public let size: Int
    /// Values of a patch: channels · size².
    public var values: Int { images.shape.channels * size * size }
    private let stream: RandomStream

    /// `size` must be at least 1 and fit into the images.
    public init(images: ImageSet, size: Int, seed: UInt64) {
        precondition(
            size >= 1 && size <= min(images.shape.height, images.shape.width),
            "patches of \(size)×\(size) from images of \(images.shape)")
        self.images = images
        self.size = size
        stream = RandomStream(seed: seed, purpose: .patches)
    }

    /// The image and the place of patch m, each drawn uniformly.
    public func position(of m: Int) -> PatchPosition {
        PatchPosition(
            image: stream.integer(below: images.count, at: 3 * m),
            row: stream.integer(below: images.shape.height - size + 1, at: 3 * m + 1),
            column: stream.integer(below: images.shape.width - size + 1, at: 3 * m + 2))
    }

    /// Reads patches: a row each, values 0 to 255 ordered channel, row, column.
    ///
    /// Each image that is needed is read once, in ascending order; memory is the result, a position a patch and one
    /// image. Throws `DataError` where a file cannot be read.
    public func read(_ range: Range<Int>) throws -> Matrix<Float> {
        let shape = images.shape
        let patches = Matrix<Float>(rows: range.count, columns: values)
        let positions = range.map { position(of: $0) }
        let order = positions.indices.sorted { (positions[$0].image, $0) < (positions[$1].image, $1) }
        let image = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: shape.count)
        defer { image.deallocate() }
        var loaded = -1
        for index in order {
            let place = positions[index]
            if place.image != loaded {
                try images.read(index: place.image, into: image)
                loaded = place.image
            }
            var target = patches.row(index).baseAddress!
            for channel in 0..<shape.channels {
                for row in place.row ..< place.row + size {
                    let pixels = image.baseAddress! + ((channel * shape.height + row) * shape.width + place.column)
                    for column in 0..<size { target[column] = Float(pixels[column]) }
                    target += size
                }
            }
        }
        return patches
    }
}
