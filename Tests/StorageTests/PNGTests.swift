import Storage
import TestFiles
import Testing

@Suite struct PNGTests {
    @Test(arguments: [(1, 1, 1), (1, 1, 3), (7, 5, 1), (7, 5, 3), (300, 200, 3)])
    func pixelsComeBack(width: Int, height: Int, channels: Int) throws {
        var state: UInt32 = 12_345
        let pixels = (0 ..< width * height * channels).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
        let picture = try PictureReader(PNG.encode(width: width, height: height, channels: channels, pixels: pixels))
        #expect([picture.width, picture.height, picture.channels] == [width, height, channels])
        #expect(picture.pixels == pixels)
    }
}
