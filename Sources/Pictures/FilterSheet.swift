import Storage

/// A small picture of one filter.
public struct Tile: Sendable {
    /// Weights ordered channel, row, column.
    public let values: [Float]
    /// Which pixels are shown (row, column); nil shows all. The others are painted in a colour of their own.
    public let mask: [Bool]?

    public init(values: [Float], mask: [Bool]? = nil) {
        self.values = values
        self.mask = mask
    }
}

/// Filters as a sheet of magnified tiles, in panels side by side.
///
/// A filter is scaled by its own largest weight: 0 is mid-grey, ±max are black and white, and three channels are red,
/// green and blue. The scale includes weights under a mask, so that one filter has the same colours in every panel.
public enum FilterSheet {
    private static let paper: UInt8 = 255
    private static let masked = SIMD3<UInt8>(38, 50, 74)

    /// The bytes of a PNG.
    ///
    /// Tiles are `height`×`width` pixels of `channels` (1 or 3), each pixel `zoom`×`zoom`, `columns` of them in a row
    /// of a panel. Values that are not finite are painted as masked.
    public static func render(
        panels: [[Tile]], channels: Int, height: Int, width: Int, columns: Int, zoom: Int
    ) -> [UInt8] {
        precondition(channels == 1 || channels == 3, "tiles of \(channels) channels")
        precondition(height > 0 && width > 0 && columns > 0 && zoom > 0 && !panels.isEmpty)
        let (tall, wide) = (height * zoom, width * zoom)
        let gap = max(2, zoom / 2)
        let panelGap = 3 * gap + zoom
        let tallest = panels.map(\.count).max()!
        let across = min(columns, max(tallest, 1))
        let down = max((tallest + across - 1) / across, 1)
        let panelWidth = across * (wide + gap) - gap
        let sheetWidth = panels.count * (panelWidth + panelGap) - panelGap + 2 * gap
        let sheetHeight = down * (tall + gap) + gap

        var pixels = [UInt8](repeating: paper, count: sheetWidth * sheetHeight * 3)
        for (p, panel) in panels.enumerated() {
            for (t, tile) in panel.enumerated() {
                let left = gap + p * (panelWidth + panelGap) + t % across * (wide + gap)
                let top = gap + t / across * (tall + gap)
                let colours = paint(tile, channels: channels, area: height * width)
                for row in 0..<tall {
                    for column in 0..<wide {
                        let colour = colours[row / zoom * width + column / zoom]
                        let at = ((top + row) * sheetWidth + left + column) * 3
                        for i in 0..<3 { pixels[at + i] = colour[i] }
                    }
                }
            }
        }
        return PNG.encode(width: sheetWidth, height: sheetHeight, channels: 3, pixels: pixels)
    }

    /// The colour of each pixel of a tile before magnification.
    private static func paint(_ tile: Tile, channels: Int, area: Int) -> [SIMD3<UInt8>] {
        precondition(
            tile.values.count == channels * area, "a tile of \(tile.values.count) values, not \(channels)×\(area)")
        precondition(tile.mask == nil || tile.mask!.count == area)
        let largest = tile.values.lazy.filter(\.isFinite).map(abs).max() ?? 0
        let scale = largest > 0 ? 127.5 / largest : 0
        return (0..<area).map { pixel in
            let values = (0..<3).map { tile.values[(channels == 3 ? $0 * area : 0) + pixel] }
            guard tile.mask?[pixel] ?? true, values.allSatisfy(\.isFinite) else {
                return masked
            }
            let shades = values.map { UInt8((127.5 + $0 * scale).rounded()) }
            return SIMD3(shades[0], shades[1], shades[2])
        }
    }
}
