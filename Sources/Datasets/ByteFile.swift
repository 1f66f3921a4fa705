import Foundation

/// The bytes of a file by position: from the open file, or from memory where they were inflated.
///
/// Reading by position shares no cursor, so several threads may read one file.
final class ByteFile: Sendable {
    let path: String
    /// Bytes that can be read.
    let size: Int
    private let content: Content

    private enum Content: Sendable {
        case open(descriptor: Int32)
        case inflated([UInt8])
    }

    /// Opens a file as it is.
    init(path: String) throws {
        self.path = path
        // A pipe would wait for its writer without O_NONBLOCK.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            _ = try fileStatus(path)
            throw DataError(path, expected: "a file that can be read", found: "none (\(reason))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw DataError(path, expected: "a file", found: "something else of that name")
        }
        content = .open(descriptor: descriptor)
        size = Int(status.st_size)
    }

    /// Inflates a .gz file into memory: as much as its first `header` bytes promise, and one byte that tells a longer
    /// file.
    ///
    /// - Parameter promised: the size of the whole content by its header.
    init(inflating path: String, header: Int, promised: ([UInt8]) throws -> Int) throws {
        let packed = try ByteFile(path: path), reader = try GzipReader(packed)
        var bytes: [UInt8] = []
        try reader.extend(&bytes, to: header)
        if bytes.count == header {
            let total = try promised(bytes)
            // No more comes out of deflate than 1032 times what went in.
            guard total / 1032 <= packed.size else {
                throw DataError(
                    path, expected: "\(total) bytes by its header",
                    found: "\(packed.size) compressed, which hold fewer")
            }
            try reader.extend(&bytes, to: total + 1)
        }
        self.path = path
        content = .inflated(bytes)
        size = bytes.count
    }

    deinit {
        if case .open(let descriptor) = content { close(descriptor) }
    }

    /// Fills a buffer with the bytes from `offset` on.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard offset >= 0, offset <= size, buffer.count <= size - offset else {
            throw DataError(path, expected: "\(buffer.count) bytes at \(offset)", found: "\(size) bytes")
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

    /// The whole file as lines of text, without empty ones at its end, and without what some editors put around a text:
    /// the byte order mark of UTF-8, the Ctrl-Z that ends a file of DOS.
    func lines() throws -> [Substring] {
        let most = 1 << 24
        guard size <= most else {
            throw DataError(path, expected: "a text of at most \(most) bytes", found: "\(size) bytes")
        }
        var bytes = try bytes(0..<size)[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        if bytes.last == 0x1A { bytes.removeLast() }
        var lines = String(decoding: bytes, as: UTF8.self)
            .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        while let last = lines.last, last.allSatisfy(\.isWhitespace) { lines.removeLast() }
        return lines
    }
}
