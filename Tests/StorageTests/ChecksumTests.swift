import Storage
import Testing

/// The check value of CRC-32/ISO-HDLC, and of nothing.
@Test func theChecksumIsThatOfTheStandard() {
    #expect(checksum(Array("123456789".utf8)) == 0xCBF4_3926)
    #expect(checksum([UInt8]()) == 0)
}
