import Foundation

/// The bytes of a file by position: from the open file, or from memory where the file is a .gz.
///
/// Reading by position shares no cursor, so several threads may read one file.
final class ByteFile: Sendable {
    let path: String
    /// Bytes in the file; of a .gz, after inflating.
    let size: Int
    private let content: Content

    private enum Content: Sendable {
        case open(descriptor: Int32)
        case inflated([UInt8])
    }

    init(path: String) throws {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw DataError(path, expected: "a file that can be read", found: "none (\(String(cString: strerror(errno))))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw DataError(path, expected: "a file", found: "something else of that name")
        }
        if path.hasSuffix(".gz") {
            close(descriptor)
            let bytes = try inflateFile(path)
            content = .inflated(bytes)
            size = bytes.count
        } else {
            content = .open(descriptor: descriptor)
            size = Int(status.st_size)
        }
    }

    deinit {
        if case .open(let descriptor) = content { close(descriptor) }
    }

    /// Fills a buffer with the bytes from `offset` on.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard offset >= 0, offset + buffer.count <= size else {
            throw DataError(path, expected: "at least \(offset + buffer.count) bytes", found: "\(size) bytes")
        }
        switch content {
        case .inflated(let bytes):
            bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset ..< offset + buffer.count])) }
        case .open(let descriptor):
            var done = 0
            while done < buffer.count {
                let got = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
                if got < 0 && errno == EINTR { continue }
                guard got > 0 else {
                    let reason = got == 0 ? "its end at \(offset + done)" : String(cString: strerror(errno))
                    throw DataError(path, expected: "\(buffer.count) bytes at \(offset)", found: reason)
                }
                done += got
            }
        }
    }

    /// A part of the file as an array.
    func bytes(_ range: Range<Int>) throws -> [UInt8] {
        var result = [UInt8](repeating: 0, count: range.count)
        try result.withUnsafeMutableBytes { try read(at: range.lowerBound, into: $0) }
        return result
    }

    /// The whole file as lines of text, without empty ones at its end.
    func lines() throws -> [Substring] {
        var lines = String(decoding: try bytes(0..<size), as: UTF8.self)
            .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        while let last = lines.last, last.allSatisfy(\.isWhitespace) { lines.removeLast() }
        return lines
    }
}
