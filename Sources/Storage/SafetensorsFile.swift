import Foundation

extension Safetensors {
    private struct Entry: Codable {
        let dtype: String
        let shape: [Int]
        let data_offsets: [Int]
    }

    /// The header: an entry for each tensor, and the metadata under a name of its own.
    private struct Header: Codable {
        var entries: [String: Entry] = [:]
        var metadata: [String: String]?

        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
            static let metadata = Key(stringValue: "__metadata__")
        }

        init() {}

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            for key in container.allKeys {
                if key.stringValue == Key.metadata.stringValue {
                    metadata = try container.decode([String: String].self, forKey: key)
                } else {
                    entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
                }
            }
        }

        /// The names that it writes: of tensors, of the three values of each, of metadata.
        var nameCount: Int { 4 * entries.count + (metadata.map { $0.count + 1 } ?? 0) }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            if let metadata { try container.encode(metadata, forKey: .metadata) }
            for (name, entry) in entries { try container.encode(entry, forKey: Key(stringValue: name)) }
        }
    }

    /// Writes the file atomically.
    ///
    /// - Returns: the checksum of its header, as `headerChecksum` is read.
    /// - Throws: `WriteError`.
    @discardableResult
    public func write(to path: String) throws -> UInt32 {
        let file = try AtomicFile(path: path)
        let order = inOrder, header = try headerText(order)
        try header.withUnsafeBytes { try file.write($0) }
        for (_, tensor) in order { try tensor.inPieces(of: AtomicFile.piece) { try file.write($0) } }
        try file.commit()
        return checksum(header)
    }

    /// Writes the file atomically, with a word on each tensor's checksum in the metadata. The checksums are made while
    /// what was written goes to the disk. The name of the file is not flushed: one that counts only with others beside
    /// it has that done with them.
    ///
    /// - Parameter word: the metadata of a tensor by its name and CRC-32, as long for one checksum as for another.
    /// - Returns: the checksum of the header, as `headerChecksum` is read.
    /// - Throws: `WriteError`.
    package func write(to path: String, withChecksums word: (String, UInt32) -> String) throws -> UInt32 {
        let file = try AtomicFile(path: path)
        var written = self
        for name in tensors.keys { written.metadata[name] = word(name, 0) }
        let order = inOrder, draft = try written.headerText(order)
        try draft.withUnsafeBytes { try file.write($0) }
        for (name, tensor) in order {
            var sum = Checksum()
            try tensor.inPieces(of: AtomicFile.piece) {
                try file.write($0)
                sum.add($0)
            }
            written.metadata[name] = word(name, sum.value)
        }
        let header = try written.headerText(order)
        precondition(header.count == draft.count, "checksums have words of one length")
        try header.withUnsafeBytes { try file.rewriteStart($0) }
        try file.commit(flushingFolder: false)
        return checksum(header)
    }

    /// The tensors in the order of the file.
    private var inOrder: [(key: String, value: Tensor)] {
        tensors.sorted { (-$0.value.type.width, $0.key) < (-$1.value.type.width, $1.key) }
    }

    /// The header of tensors in that order, with its length before it.
    private func headerText(_ order: [(key: String, value: Tensor)]) throws -> Data {
        var header = Header()
        header.metadata = metadata.isEmpty ? nil : metadata
        var offset = 0
        for (name, tensor) in order {
            let end = offset + tensor.byteCount
            header.entries[name] = Entry(dtype: tensor.type.rawValue, shape: tensor.shape, data_offsets: [offset, end])
            offset = end
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var text = try encoder.encode(header)
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))

        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + text
    }

    /// The longest header, in bytes: that of the format's own library.
    private static let longestHeader = 100_000_000

    /// Reads the header; of the arrays only those parts are read that are asked for, when they are. Throws `DataError`
    /// where the header is not valid, or the tensors do not cover the data.
    public init(path: String) throws {
        let file = try ByteFile(path: path)
        guard file.size >= 8 else {
            throw DataError(path, expected: "a safetensors header", found: "\(file.size) bytes")
        }
        let length = UInt64(bigEndianBytes: try file.bytes(0..<8).reversed())
        let longest = min(file.size - 8, Safetensors.longestHeader)
        guard length <= UInt64(longest) else {
            throw DataError(
                path, expected: "a safetensors header of at most \(longest) bytes",
                found: file.kind?.rawValue ?? "one of \(length)")
        }
        let start = 8 + Int(length), text = try file.bytes(8..<start)
        let header: Header
        do {
            header = try decodeJSON(Header.self, from: text)
        } catch let error as DecodingError {
            throw DataError(path, expected: "a safetensors header", found: "other text (\(error.reason.escaped))")
        }
        // The decoder keeps one of several values of one name.
        guard Safetensors.names(in: text) == header.nameCount else {
            throw DataError(
                path, expected: "a safetensors header with each name once, and no others", found: "other names")
        }

        var tensors: [String: Tensor] = [:]
        var end = 0
        let order = header.entries.sorted { $0.value.data_offsets.lexicographicallyPrecedes($1.value.data_offsets) }
        for (name, entry) in order {
            guard let type = ElementType(rawValue: entry.dtype) else {
                throw DataError(
                    path, expected: "\(name.escaped) of type F64, I64, F32, I32 or U8", found: entry.dtype.escaped)
            }
            let bytes = try Safetensors.byteCount(entry.shape, of: type, name, path)
            let (last, isTooLarge) = end.addingReportingOverflow(bytes)
            guard !isTooLarge, entry.data_offsets == [end, last] else {
                throw DataError(
                    path,
                    expected:
                        "\(name.escaped), \(type) of shape \("\(entry.shape)".escaped), at bytes \(end) to \(last)",
                    found: "offsets \("\(entry.data_offsets)".escaped)")
            }
            guard last <= file.size - start else {
                throw DataError(
                    path, expected: "\(last) bytes of data or more, to hold \(name.escaped)",
                    found: "\(file.size - start)")
            }
            tensors[name] = Tensor(type: type, shape: entry.shape, content: .file(file, offset: start + end))
            end = last
        }
        guard start + end == file.size else {
            throw DataError(path, expected: "\(start + end) bytes by its header", found: "\(file.size) bytes")
        }
        let whole = try file.bytes(0..<start)
        self.init(
            tensors: tensors, metadata: header.metadata ?? [:], path: path,
            headerChecksum: whole.withUnsafeBytes { checksum($0) })
    }

    /// Bytes of an array. Throws `DataError` where a dimension is negative or above 2³¹ − 1, also beside a 0, or
    /// the bytes are more than can be counted.
    private static func byteCount(_ shape: [Int], of type: ElementType, _ name: String, _ path: String) throws -> Int {
        var bytes = type.width, isTooLarge = false
        for size in shape where !isTooLarge {
            (bytes, isTooLarge) = bytes.multipliedReportingOverflow(by: size)
            isTooLarge = isTooLarge || size < 0 || size > Int(Int32.max)
        }
        guard !isTooLarge else {
            throw DataError(
                path, expected: "\(name.escaped) with dimensions from 0 to \(Int32.max)",
                found: "the shape \("\(shape)".escaped)")
        }
        return bytes
    }

    /// The names in a JSON text of objects: the colons outside of strings.
    private static func names(in text: [UInt8]) -> Int {
        var count = 0, isInString = false, isEscaped = false
        for byte in text {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\"") {
                isInString.toggle()
            } else if isInString {
                isEscaped = byte == UInt8(ascii: "\\")
            } else if byte == UInt8(ascii: ":") {
                count += 1
            }
        }
        return count
    }
}

extension DecodingError {
    fileprivate var reason: String {
        switch self {
        case .dataCorrupted(let context), .keyNotFound(_, let context), .typeMismatch(_, let context),
            .valueNotFound(_, let context):
            context.debugDescription
        @unknown default: "not understood"
        }
    }
}
