import Storage
import Testing

/// The check value of CRC-32/ISO-HDLC, and of nothing.
@Test func theChecksumIsThatOfTheStandard() {
    #expect(checksum(Array("123456789".utf8)) == 0xCBF4_3926)
    #expect(checksum([UInt8]()) == 0)
}

/// The truth is made bit by bit: for sizes around those that are folded, wherever the bytes begin, and in two pieces.
@Test(arguments: [0, 1, 63, 64, 65, 79, 127, 128, 129, 191, 192, 255, 256, 300, 4099])
func theChecksumIsThatOfItsBits(count: Int) {
    let bytes = (0..<count + 3).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 7) }
    for start in 0...3 {
        let part = Array(bytes[start..<start + count])
        var sum: UInt32 = ~0
        for byte in part {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        bytes.withUnsafeBytes { all in
            let own = UnsafeRawBufferPointer(rebasing: all[start..<start + count])
            #expect(checksum(own) == ~sum)
            for cut in [count / 3, count / 2] {
                var pieces = Checksum()
                pieces.add(UnsafeRawBufferPointer(rebasing: own[..<cut]))
                pieces.add(UnsafeRawBufferPointer(rebasing: own[cut...]))
                #expect(pieces.value == ~sum, "\(count) bytes, cut at \(cut)")
            }
        }
    }
}
