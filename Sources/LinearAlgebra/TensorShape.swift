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

    /// The square of the distance between two positions of a plane, in pixels².
    public func squaredDistance(_ i: Int, _ j: Int) -> Int {
        let dy = i / width - j / width
        let dx = i % width - j % width
        return dy * dy + dx * dx
    }

    public var description: String { "\(channels)×\(height)×\(width)" }
}
