internal import CZlib
import Foundation

/// The CRC-32 of bytes that come in pieces (zlib's), which finds every change of up to 32 bits that follow each other.
struct Checksum {
    private var sum = crc32(0, nil, 0)

    /// The CRC-32 of the bytes so far.
    var value: UInt32 { UInt32(truncatingIfNeeded: sum) }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        // zlib counts in 32 bits.
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            sum = crc32(sum, piece.baseAddress, UInt32(piece.count))
            rest = rest.dropFirst(piece.count)
        }
    }
}

/// The CRC-32 of what is in memory: `checksum` of its bytes.
public func checksum(_ bytes: some ContiguousBytes) -> UInt32 { bytes.withUnsafeBytes { checksum($0) } }

/// The CRC-32 of some bytes.
public func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var sum = Checksum()
    sum.add(bytes)
    return sum.value
}
