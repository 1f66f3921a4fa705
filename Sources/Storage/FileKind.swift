/// What people often have under the name of a data file that it is not.
package enum FileKind: String {
    case gzip = "gzip-compressed data"
    case idx = "a plain IDX file"
    case html = "an HTML page"
}

extension ByteFile {
    /// The kind that the first bytes tell: for messages, since pixels may begin with any bytes.
    package var kind: FileKind? {
        guard let first = try? bytes(0..<min(64, size)) else { return nil }
        if first.starts(with: [0x1F, 0x8B, 8]) { return .gzip }
        if first.starts(with: [0, 0, 8]) { return .idx }
        let text = String(decoding: first, as: UTF8.self).lowercased()
        return text.contains("<!doctype html") || text.contains("<html") ? .html : nil
    }
}
