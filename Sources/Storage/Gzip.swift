internal import CZlib

/// The content of a .gz file from its start on, inflated only as far as it is asked for.
///
/// Several members one after the other are one content, as in `cat a.gz b.gz`; anything else after a member is refused.
final class GzipReader {
    private let file: ByteFile
    /// zlib keeps its address.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 1)
    /// Bytes of the file that zlib was given.
    private var taken = 0
    private var inflated = 0
    private var isAtEnd = false

    private static let magic: [UInt8] = [0x1F, 0x8B]

    init(_ file: ByteFile) throws {
        self.file = file
        stream.initialize(to: z_stream())
        // 15: the largest window; 16 more: with a gzip header
        let code = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            throw DataError(file.path, expected: "zlib to inflate it", found: "that it does not start (code \(code))")
        }
        guard try startsMember(at: 0) else {
            let kind = file.kind
            let remedy = kind == .idx ? ": remove .gz from its name" : ""
            throw DataError(file.path, expected: "a gzip file", found: (kind?.rawValue ?? "other content") + remedy)
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    /// Fills a buffer with what follows.
    ///
    /// - Returns: how many bytes there were; fewer than the buffer holds only at the content's end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var done = 0
        // zlib counts in 32 bits.
        let most = 1 << 30
        while done < buffer.count, !isAtEnd {
            let part = buffer[done..<min(done + most, buffer.count)]
            done += try fill(UnsafeMutableRawBufferPointer(rebasing: part))
        }
        return done
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        stream.pointee.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(buffer.count)
        while stream.pointee.avail_out > 0, !isAtEnd {
            if stream.pointee.avail_in == 0 { try feed() }
            let before = stream.pointee.avail_out
            let code = inflate(stream, Z_NO_FLUSH)
            inflated += Int(before - stream.pointee.avail_out)
            switch code {
            case Z_OK: break
            case Z_STREAM_END: try endMember()
            default:
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib's code \(code)"
                throw DataError(
                    file.path, expected: "a whole gzip file",
                    found: "damaged data (\(reason)) after \(inflated) inflated bytes")
            }
        }
        return buffer.count - Int(stream.pointee.avail_out)
    }

    private func feed() throws {
        let count = min(input.count, file.size - taken)
        guard count > 0 else {
            throw DataError(file.path, expected: "a whole gzip file", found: "its end after \(inflated) inflated bytes")
        }
        try file.read(at: taken, into: UnsafeMutableRawBufferPointer(rebasing: input[..<count]))
        taken += count
        stream.pointee.next_in = input.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_in = UInt32(count)
    }

    private func endMember() throws {
        let end = taken - Int(stream.pointee.avail_in)
        isAtEnd = end == file.size
        guard try isAtEnd || startsMember(at: end) else {
            throw DataError(
                file.path, expected: "the end of a gzip file at \(end)",
                found: "\(file.size - end) bytes more that are no gzip data")
        }
        inflateReset(stream)
    }

    private func startsMember(at offset: Int) throws -> Bool {
        try file.bytes(offset..<min(offset + 2, file.size)) == GzipReader.magic
    }
}

extension ByteFile {
    /// The CRC-32 of the whole content. Reads all of it.
    package func checksum() throws -> UInt {
        var sum = crc32(0, nil, 0)
        for start in stride(from: 0, to: size, by: 1 << 20) {
            let piece = try bytes(start..<min(start + 1 << 20, size))
            sum = crc32(sum, piece, UInt32(piece.count))
        }
        return UInt(sum)
    }
}
