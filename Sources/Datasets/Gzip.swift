internal import CZlib

/// The whole content of a .gz file.
func inflateFile(_ path: String) throws -> [UInt8] {
    guard let file = gzopen(path, "rb") else {
        throw DataError(path, expected: "a gzip file that can be read", found: "none")
    }
    defer { gzclose_r(file) }
    // zlib passes a file without a gzip header through as it is.
    guard gzdirect(file) == 0 else { throw DataError(path, expected: "a gzip file", found: "other content") }
    var content: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 18)
    while true {
        let got = gzread(file, &piece, UInt32(piece.count))
        if got > 0 { content.append(contentsOf: piece[..<Int(got)]) }
        if got < piece.count { break }
    }
    var code: Int32 = Z_OK
    let reason = gzerror(file, &code).map { String(cString: $0) } ?? ""
    guard code == Z_OK || code == Z_STREAM_END else {
        let what = code == Z_BUF_ERROR ? "its end" : "damaged data (\(reason))"
        throw DataError(path, expected: "a whole gzip file", found: "\(what) after \(content.count) inflated bytes")
    }
    return content
}
