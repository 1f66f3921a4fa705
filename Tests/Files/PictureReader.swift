import CZlib
import Testing

/// A PNG as a viewer reads it: chunks with their check sums, pixels after inflating and undoing the row filter.
public struct PictureReader {
    public private(set) var width = 0
    public private(set) var height = 0
    public private(set) var channels = 0
    public private(set) var pixels: [UInt8] = []

    public init(_ file: [UInt8]) throws {
        try #require(Array(file.prefix(8)) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        func number(_ at: Int) -> Int { file[at ..< at + 4].reduce(0) { $0 << 8 | Int($1) } }
        var compressed: [UInt8] = []
        var names: [String] = []
        var at = 8
        while at < file.count {
            let length = number(at)
            let name = String(decoding: file[at + 4 ..< at + 8], as: UTF8.self)
            let body = at + 8 ..< at + 8 + length
            names.append(name)
            #expect(number(body.upperBound) == Int(Self.checkSum(file[at + 4 ..< body.upperBound])))
            if name == "IHDR" {
                (width, height) = (number(at + 8), number(at + 12))
                try #require(file[at + 16] == 8)
                channels = file[at + 17] == 2 ? 3 : 1
                #expect(file[at + 17] == (channels == 3 ? 2 : 0))
                #expect(Array(file[at + 18 ..< at + 21]) == [0, 0, 0])
            }
            if name == "IDAT" { compressed += file[body] }
            at = body.upperBound + 4
        }
        #expect(names == ["IHDR", "IDAT", "IEND"])

        let rowBytes = width * channels
        var rows = [UInt8](repeating: 0, count: height * (rowBytes + 1))
        var size = uLong(rows.count)
        try #require(uncompress(&rows, &size, compressed, uLong(compressed.count)) == Z_OK)
        try #require(Int(size) == rows.count)
        for row in 0..<height {
            let start = row * (rowBytes + 1)
            try #require(rows[start] == 2)
            for i in 0..<rowBytes {
                let above = row == 0 ? 0 : pixels[(row - 1) * rowBytes + i]
                pixels.append(rows[start + 1 + i] &+ above)
            }
        }
    }

    public func pixel(_ row: Int, _ column: Int) -> [UInt8] {
        Array(pixels[(row * width + column) * channels ..< (row * width + column + 1) * channels])
    }

    /// CRC-32 bit by bit, as the PNG specification defines it.
    private static func checkSum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }
}
