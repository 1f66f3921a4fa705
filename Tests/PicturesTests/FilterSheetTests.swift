import Pictures
import TestFiles
import Testing

@Suite struct FilterSheetTests {
    /// Where a pixel of a tile is in the picture, found from the layout's description: tiles begin after a gap.
    let zoom = 4
    let gap = 2

    @Test func greyTilesWithTheirOwnRange() throws {
        let tiles = [
            Tile(values: [0, 1, -1, 0.5]), Tile(values: [0, 100, -100, -50]), Tile(values: [0, 0, 0, 0]),
            Tile(values: [.nan, 1, .infinity, -1]),
        ]
        let picture = try PictureReader(
            FilterSheet.render(panels: [tiles], channels: 1, height: 2, width: 2, columns: 3, zoom: zoom))
        // Three tiles across, two down.
        #expect(picture.width == 3 * (8 + gap) + gap)
        #expect(picture.height == 2 * (8 + gap) + gap)
        func tile(_ t: Int) -> [[UInt8]] {
            (0..<4).map { picture.pixel(gap + t / 3 * 10 + $0 / 2 * zoom + 1, gap + t % 3 * 10 + $0 % 2 * zoom + 2) }
        }
        #expect(tile(0) == [[128, 128, 128], [255, 255, 255], [0, 0, 0], [191, 191, 191]])
        #expect(tile(1) == [[128, 128, 128], [255, 255, 255], [0, 0, 0], [64, 64, 64]])
        #expect(tile(2) == [[UInt8]](repeating: [128, 128, 128], count: 4))
        let masked = tile(3)[0]
        #expect(tile(3) == [masked, [255, 255, 255], masked, [0, 0, 0]])
        #expect(Set(masked).count > 1)  // no grey, so no value
        // The places of tiles 4 and 5 stay paper, as the frame does.
        #expect(tile(5) == [[UInt8]](repeating: [255, 255, 255], count: 4))
        #expect(picture.pixel(0, 0) == [255, 255, 255])
    }

    @Test func tilesThatAreNotSquare() throws {
        let tiles = [
            Tile(values: [1, -1, 0, 0, 1, -1], mask: [true, true, true, true, true, false]),
            Tile(values: [0, 0, 0, 0, 0, 1]),
        ]
        let picture = try PictureReader(
            FilterSheet.render(panels: [tiles], channels: 1, height: 2, width: 3, columns: 1, zoom: zoom))
        #expect(picture.width == 12 + 2 * gap && picture.height == 2 * (8 + gap) + gap)
        func pixel(
            _ t: Int, _ row: Int, _ column: Int
        ) -> UInt8 {
            picture.pixel(gap + t * 10 + row * zoom, gap + column * zoom)[0]
        }
        #expect([pixel(0, 0, 0), pixel(0, 0, 1), pixel(0, 0, 2)] == [255, 0, 128])
        #expect([pixel(0, 1, 0), pixel(0, 1, 1)] == [128, 255] && pixel(0, 1, 2) != 0)
        #expect(pixel(1, 1, 2) == 255)
    }

    @Test func colourAndMask() throws {
        // Red, green, blue planes of a 1×1 and a masked twin.
        let values: [Float] = [2, 0, -2, -2, 1, 0, 0, 0, -1, 0, 0, 2]
        let mask = [true, false, false, true]
        let picture = try PictureReader(
            FilterSheet.render(
                panels: [[Tile(values: values)], [Tile(values: values, mask: mask)]], channels: 3, height: 2, width: 2,
                columns: 5, zoom: zoom))
        let panel = picture.width - gap - 8
        func colours(_ left: Int) -> [[UInt8]] {
            (0..<4).map { picture.pixel(gap + $0 / 2 * zoom, left + $0 % 2 * zoom) }
        }
        let whole = colours(gap)
        #expect(whole == [[255, 191, 64], [128, 128, 128], [0, 128, 128], [0, 128, 255]])
        let shown = colours(panel)
        #expect([shown[0], shown[3]] == [whole[0], whole[3]])
        #expect(shown[1] == shown[2] && !whole.contains(shown[1]))
        // Panels are further apart than tiles.
        #expect(panel - (gap + 8) > gap)
        #expect(picture.pixel(gap, gap + 8 + gap) == [255, 255, 255])
    }
}
