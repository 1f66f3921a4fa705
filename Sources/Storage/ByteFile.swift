import Foundation

/// The bytes of a file by position: from the open file, or from memory where they were inflated.
///
/// Reading by position shares no cursor, so several threads may read one file.
package final class ByteFile: Sendable {
    package let path: String
    /// Bytes that can be read.
    package let size: Int
    private let content: Content

    private enum Content: Sendable {
        case open(RegularFile)
        case inflated([UInt8])
    }

    /// Opens a file as it is. Throws `DataError`.
    package init(path: String) throws {
        self.path = path
        do {
            let file = try RegularFile(path)
            content = .open(file)
            size = file.size
        } catch .cannotOpen(let error) {
            _ = try fileStatus(path)
            throw DataError(
                path, expected: "a file that can be read", found: "none (\(String(cString: strerror(error))))")
        } catch .isNoFile {
            throw DataError(path, expected: "a file", found: "something else of that name")
        }
    }

    /// Inflates a .gz file into memory: as much as its first `header` bytes promise, and one byte that tells a longer
    /// file.
    ///
    /// - Parameter promised: the size of the whole content by its header.
    /// - Throws: `DataError`.
    package init(inflating path: String, header: Int, promised: ([UInt8]) throws -> Int) throws {
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

    /// Fills a buffer with the bytes from `offset` on. Throws `DataError` where there are fewer.
    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard offset >= 0, offset <= size, buffer.count <= size - offset else {
            throw DataError(path, expected: "\(buffer.count) bytes at \(offset)", found: "\(size) bytes")
        }
        switch content {
        case .inflated(let bytes):
            bytes.withUnsafeBytes {
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset ..< offset + buffer.count]))
            }
        case .open(let file):
            let (count, error) = file.read(at: offset, into: buffer)
            guard count == buffer.count else {
                let reason = error == 0 ? "its end at \(offset + count)" : String(cString: strerror(error))
                throw DataError(path, expected: "\(buffer.count) bytes at \(offset)", found: reason)
            }
        }
    }

    /// A part of the file as an array.
    package func bytes(_ range: Range<Int>) throws -> [UInt8] {
        var result = [UInt8](repeating: 0, count: range.count)
        try result.withUnsafeMutableBytes { try read(at: range.lowerBound, into: $0) }
        return result
    }

    /// The whole file as lines of text, without empty ones at its end, and without what some editors put around a text:
    /// the byte order mark of UTF-8, the Ctrl-Z that ends a file of DOS.
    package func lines() throws -> [Substring] {
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

extension FixedWidthInteger {
    /// The number whose bytes these are, the most significant first. Those that it has no room for are lost.
    package init(bigEndianBytes bytes: some Sequence<UInt8>) {
        self = bytes.reduce(0) { $0 << 8 | Self(truncatingIfNeeded: $1) }
    }
}
