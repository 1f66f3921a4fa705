internal import CKernels
internal import CZlib
import Foundation

/// The CRC-32 of bytes that come in pieces (zlib's), which finds every change of up to 32 bits that follow each other.
package struct Checksum {
    /// The CRC-32 of the bytes so far.
    package private(set) var value: UInt32 = 0

    package init() {}

    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { folded in
            guard let start = bytes.baseAddress else { return }
            let done = ck_crc32_fold(value, start, bytes.count, folded.baseAddress!)
            guard done > 0 else { return }
            value = UInt32(truncatingIfNeeded: crc32(0xffff_ffff, folded.baseAddress, 16))
            rest = rest.dropFirst(done)
        }
        // zlib counts in 32 bits.
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            value = UInt32(truncatingIfNeeded: crc32(uLong(value), piece.baseAddress, UInt32(piece.count)))
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
