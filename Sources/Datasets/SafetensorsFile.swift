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
        var metadata: [String: String] = [:]

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

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            if !metadata.isEmpty { try container.encode(metadata, forKey: .metadata) }
            for (name, entry) in entries { try container.encode(entry, forKey: Key(stringValue: name)) }
        }
    }

    /// Writes the file atomically. Throws `WriteError`.
    public func write(to path: String) throws {
        let order = tensors.sorted { (-$0.value.type.width, $0.key) < (-$1.value.type.width, $1.key) }
        var header = Header()
        header.metadata = metadata
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

        let file = try AtomicFile(path: path)
        try withUnsafeBytes(of: UInt64(text.count).littleEndian) { try file.write($0) }
        try text.withUnsafeBytes { try file.write($0) }
        for (_, tensor) in order { try tensor.write(to: file) }
        try file.commit()
    }

    /// Reads the header; of the arrays only those parts are read that are asked for, when they are. Throws `DataError` where the
    /// header is not valid, or the tensors do not cover the data.
    public init(path: String) throws {
        let file = try ByteFile(path: path)
        guard file.size >= 8 else { throw DataError(path, expected: "a safetensors header", found: "\(file.size) bytes") }
        let length = try file.bytes(0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(file.size - 8) else {
            throw DataError(path, expected: "a safetensors header of \(length) bytes", found: "\(file.size - 8) bytes")
        }
        let start = 8 + Int(length)
        let header: Header
        do {
            header = try JSONDecoder().decode(Header.self, from: Data(try file.bytes(8..<start)))
        } catch let error as DecodingError {
            throw DataError(path, expected: "a safetensors header", found: "other text (\(error.reason))")
        }

        var tensors: [String: Tensor] = [:]
        var end = 0
        let order = header.entries.sorted { $0.value.data_offsets.lexicographicallyPrecedes($1.value.data_offsets) }
        for (name, entry) in order {
            guard let type = ElementType(rawValue: entry.dtype) else {
                throw DataError(path, expected: "\(name) of type F64, I64, F32, I32 or U8", found: entry.dtype)
            }
            let bytes = entry.shape.reduce(type.width as Int?) { product, size in
                guard let product, size >= 0 else { return nil }
                let (result, overflow) = product.multipliedReportingOverflow(by: size)
                return overflow ? nil : result
            }
            guard let bytes, bytes <= file.size, entry.data_offsets == [end, end + bytes] else {
                throw DataError(
                    path, expected: "\(name), \(type) of shape \(entry.shape), at bytes \(end) to \(end + (bytes ?? 0))",
                    found: "offsets \(entry.data_offsets)")
            }
            guard start + end + bytes <= file.size else {
                throw DataError(
                    path, expected: "\(start + end + bytes) bytes or more, to hold \(name)", found: "\(file.size) bytes")
            }
            tensors[name] = Tensor(type: type, shape: entry.shape, content: .file(file, offset: start + end))
            end += bytes
        }
        guard start + end == file.size else {
            throw DataError(path, expected: "\(start + end) bytes by its header", found: "\(file.size) bytes")
        }
        self.init(tensors: tensors, metadata: header.metadata, path: path)
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
