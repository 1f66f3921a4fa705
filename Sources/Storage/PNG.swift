internal import CZlib

/// Pictures as PNG files, 8 bits a channel.
public enum PNG {
    /// The bytes of a file.
    ///
    /// `pixels` has 1 value (grey) or 3 values (red, green, blue) a pixel by `channels`, row by row. The same pixels
    /// give the same bytes.
    public static func encode(width: Int, height: Int, channels: Int, pixels: [UInt8]) -> [UInt8] {
        precondition(channels == 1 || channels == 3, "a picture of \(channels) channels")
        precondition(
            width > 0 && height > 0 && pixels.count == width * height * channels,
            "\(pixels.count) values for a picture of \(width)×\(height)×\(channels)")
        let colourType: UInt8 = channels == 1 ? 0 : 2
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        appendChunk("IHDR", bigEndian(width) + bigEndian(height) + [8, colourType, 0, 0, 0], to: &file)
        appendChunk("IDAT", deflate(filtered(pixels, rowBytes: width * channels)), to: &file)
        appendChunk("IEND", [], to: &file)
        return file
    }

    /// Each row as its difference to the row above (filter type 2): magnified pixels repeat rows, which become zeros.
    private static func filtered(_ pixels: [UInt8], rowBytes: Int) -> [UInt8] {
        var rows: [UInt8] = []
        rows.reserveCapacity(pixels.count + pixels.count / rowBytes)
        for start in stride(from: 0, to: pixels.count, by: rowBytes) {
            rows.append(2)
            for i in start ..< start + rowBytes { rows.append(pixels[i] &- (start == 0 ? 0 : pixels[i - rowBytes])) }
        }
        return rows
    }

    private static func deflate(_ bytes: [UInt8]) -> [UInt8] {
        var size = compressBound(uLong(bytes.count))
        var result = [UInt8](repeating: 0, count: Int(size))
        let code = compress2(&result, &size, bytes, uLong(bytes.count), Z_BEST_COMPRESSION)
        precondition(code == Z_OK, "zlib's compress2 returned \(code)")
        return Array(result[..<Int(size)])
    }

    private static func appendChunk(_ name: String, _ content: [UInt8], to file: inout [UInt8]) {
        let body = Array(name.utf8) + content
        file += bigEndian(content.count) + body + bigEndian(Int(crc32(0, body, uInt(body.count))))
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
