/// The shape of an image, of a layer's inputs and of its outputs: `channels` planes of `height` × `width` values,
/// ordered channel, row, column.
public struct TensorShape: Codable, Hashable, Sendable, CustomStringConvertible {
    public let channels: Int
    public let height: Int
    public let width: Int

    public init(channels: Int, height: Int, width: Int) {
        precondition(channels >= 0 && height >= 0 && width >= 0)
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// Values without an order on a plane, such as a layer's units: one row of one channel.
    public init(units: Int) { self.init(channels: 1, height: 1, width: units) }

    /// The positions of one plane.
    public var positions: Int { height * width }
    /// All values, the n_v of a layer's inputs.
    public var count: Int { channels * positions }

    /// Floats of a pixel where channels are innermost: the channels, and zeros up to a multiple of 16, so that vectors
    /// of any processor begin with a pixel.
    public var pixelFloats: Int { (channels + 15) / 16 * 16 }
    /// Floats of a sample where channels are innermost.
    public var sampleFloats: Int { positions * pixelFloats }

    /// The places of windows of `size` × `size` pixels that lie inside, with so many rows and columns around the
    /// plane.
    func places(size: Int, stride: Int, padding: Int = 0, channels: Int) -> TensorShape {
        func places(_ length: Int) -> Int { (length + 2 * padding - size) / stride + 1 }
        return TensorShape(channels: channels, height: places(height), width: places(width))
    }

    /// The square of the distance between two positions of a plane, in pixels².
    public func squaredDistance(_ i: Int, _ j: Int) -> Int {
        let dy = i / width - j / width
        let dx = i % width - j % width
        return dy * dy + dx * dx
    }

    public var description: String { "\(channels)×\(height)×\(width)" }
}
