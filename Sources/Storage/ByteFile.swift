import Foundation
import Synchronization

/// The bytes of a file by position: from the open file, or from memory where it holds a compressed file's content.
///
/// Reading by position shares no cursor, so several threads may read one file.
package final class ByteFile: Sendable {
    package let path: String
    /// Bytes that can be read; of a compressed file those that its header promises.
    package let size: Int
    private let content: Mutex<Content>

    private enum Content: Sendable {
        case open(RegularFile)
        /// The first bytes of a compressed file's content.
        case packed(header: [UInt8])
        case bytes(ReadOnlyBytes)
    }

    /// Opens a file as it is. Throws `DataError`.
    package init(path: String) throws {
        self.path = path
        do {
            let file = try RegularFile(path)
            content = Mutex(.open(file))
            size = file.size
        } catch .cannotOpen(let error) {
            _ = try fileStatus(path)
            throw DataError(
                path, expected: "a file that can be read", found: "none (\(String(cString: strerror(error))))")
        } catch .isNoFile {
            throw DataError(path, expected: "a file", found: "something else of that name")
        }
    }

    /// Opens a .gz file and inflates the first `header` bytes of its content. The rest is inflated when it is asked
    /// for, or by `inflate`.
    ///
    /// - Parameter promised: the size of the whole content by its header.
    /// - Throws: `DataError`.
    package init(inflating path: String, header: Int, promised: ([UInt8]) throws -> Int) throws {
        let packed = try ByteFile(path: path)
        var bytes = [UInt8](repeating: 0, count: header)
        let got = try bytes.withUnsafeMutableBytes { try GzipReader(packed).read(into: $0) }
        bytes.removeLast(header - got)
        self.path = path
        content = Mutex(.packed(header: bytes))
        guard got == header else {
            size = got
            return
        }
        size = try promised(bytes)
        // No more comes out of deflate than 1032 times what went in.
        guard size / 1032 <= packed.size else {
            throw DataError(
                path, expected: "\(size) bytes by its header", found: "\(packed.size) compressed, which hold fewer")
        }
    }

    /// Whether the content of a compressed file is yet to be inflated.
    package var isPacked: Bool { content.withLock { if case .packed = $0 { true } else { false } } }

    /// Inflates a compressed file into a buffer of `size` bytes.
    ///
    /// - Throws: `DataError` where the content is damaged, or of another size than its header promises.
    package func inflate(into buffer: UnsafeMutableRawBufferPointer) throws {
        let reader = try GzipReader(ByteFile(path: path)), got = try reader.read(into: buffer)
        var more: UInt8 = 0
        let isLonger = try withUnsafeMutableBytes(of: &more) { try reader.read(into: $0) } > 0
        guard got == size, !isLonger else {
            throw DataError(path, expected: "\(size) bytes by its header", found: isLonger ? "more" : "\(got) bytes")
        }
    }

    /// Takes the content of a compressed file that somebody has inflated, unless another was first.
    package func adopt(_ bytes: ReadOnlyBytes) {
        precondition(bytes.bytes.count == size)
        content.withLock { if case .packed = $0 { $0 = .bytes(bytes) } }
    }

    /// All bytes in memory: a mapping of the file, which all processes of a machine share, or what was inflated; where
    /// a file cannot be mapped, a copy.
    ///
    /// - Throws: `DataError`.
    package func inMemory() throws -> ReadOnlyBytes {
        switch content.withLock(\.self) {
        case .bytes(let bytes): return bytes
        case .open(let file):
            if let mapped = file.mapped(as: path) { return mapped }
            return try ReadOnlyBytes(size, "the content of \(path)") { try read(at: 0, into: $0) }
        case .packed:
            adopt(try ReadOnlyBytes(size, "the content of \(path)", fill: inflate))
            return try inMemory()
        }
    }

    /// Fills a buffer with the bytes from `offset` on. Throws `DataError` where there are fewer.
    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard offset >= 0, offset <= size, buffer.count <= size - offset else {
            throw DataError(path, expected: "\(buffer.count) bytes at \(offset)", found: "\(size) bytes")
        }
        func copy(_ bytes: UnsafeRawBufferPointer) {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset ..< offset + buffer.count]))
        }
        func copy(_ memory: ReadOnlyBytes) { withExtendedLifetime(memory) { copy(memory.bytes) } }
        switch content.withLock(\.self) {
        case .packed(let header) where offset + buffer.count <= header.count: header.withUnsafeBytes(copy)
        case .packed: copy(try inMemory())
        case .bytes(let bytes): copy(bytes)
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
