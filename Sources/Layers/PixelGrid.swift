/// The input of a layer as pixels: `channels` planes of `height`×`width`. Inputs are ordered channel, row, column.
public struct PixelGrid: Equatable, Sendable {
    public let channels: Int
    public let height: Int
    public let width: Int

    public init(channels: Int, height: Int, width: Int) {
        precondition(channels > 0 && height > 0 && width > 0)
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// Positions in one plane.
    public var positions: Int { height * width }
    /// Inputs of the layer, n_v.
    public var inputs: Int { channels * positions }

    /// The square of the distance between two positions, in pixels².
    public func squaredDistance(_ i: Int, _ j: Int) -> Int {
        let dy = i / width - j / width
        let dx = i % width - j % width
        return dy * dy + dx * dx
    }
}
