import Foundation
import LinearAlgebra

/// A number that a safetensors file can hold.
public protocol TensorElement: BitwiseCopyable {
    static var tensorType: Safetensors.ElementType { get }
}
extension Float: TensorElement { public static var tensorType: Safetensors.ElementType { .F32 } }
extension Double: TensorElement { public static var tensorType: Safetensors.ElementType { .F64 } }
extension Int32: TensorElement { public static var tensorType: Safetensors.ElementType { .I32 } }
extension Int64: TensorElement { public static var tensorType: Safetensors.ElementType { .I64 } }
extension UInt8: TensorElement { public static var tensorType: Safetensors.ElementType { .U8 } }

/// Named arrays and strings in a file of the public safetensors format: the header's length in 8 bytes, a JSON header
/// padded to a multiple of 8, then the values, little-endian.
///
/// The same content gives the same bytes: wider types come first, which aligns every array, then names in order.
public struct Safetensors: Sendable {
    public enum ElementType: String, Sendable, Codable {
        case F64, I64, F32, I32, U8
        /// Bytes of an element.
        public var width: Int {
            switch self {
            case .F64, .I64: 8
            case .F32, .I32: 4
            case .U8: 1
            }
        }
    }

    public struct Tensor: Sendable {
        public let type: ElementType
        public let shape: [Int]
        /// The elements in row-major order, little-endian.
        let content: Content
        /// Bytes of all elements.
        public var byteCount: Int { shape.reduce(type.width, *) }

        enum Content: Sendable {
            case memory(Data)
            case file(ByteFile, offset: Int)
        }

        /// Fills a buffer with the elements' bytes from `start` on. Throws `DataError` where the file cannot be read.
        func read(from start: Int = 0, into buffer: UnsafeMutableRawBufferPointer) throws {
            switch content {
            case .memory(let data):
                let first = data.startIndex + start
                data.copyBytes(to: buffer, from: first..<first + buffer.count)
            case .file(let file, let offset): try file.read(at: offset + start, into: buffer)
            }
        }

        /// Hands all bytes to `body`, in order, in pieces of at most `length`.
        func inPieces(of length: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
            switch content {
            case .memory(let data):
                try data.withUnsafeBytes { bytes in
                    for start in stride(from: 0, to: bytes.count, by: length) {
                        try body(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + length, bytes.count)]))
                    }
                }
            case .file(let file, let offset):
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(length, byteCount), alignment: 64)
                defer { buffer.deallocate() }
                for start in stride(from: 0, to: byteCount, by: length) {
                    let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(length, byteCount - start)])
                    try file.read(at: offset + start, into: piece)
                    try body(UnsafeRawBufferPointer(piece))
                }
            }
        }
    }

    public private(set) var tensors: [String: Tensor] = [:]
    public var metadata: [String: String]
    /// The file that this was read from, for messages.
    var path = "a new file"
    /// The checksum of the header that was read, with its length; nil of a new file.
    public private(set) var headerChecksum: UInt32?

    public init(metadata: [String: String] = [:]) { self.metadata = metadata }

    init(tensors: [String: Tensor], metadata: [String: String], path: String, headerChecksum: UInt32) {
        self.tensors = tensors
        self.metadata = metadata
        self.path = path
        self.headerChecksum = headerChecksum
    }

    /// Adds an array, or replaces the one of that name. The values are copied.
    public mutating func set<Element: TensorElement>(_ name: String, _ values: [Element], shape: [Int]? = nil) {
        let shape = shape ?? [values.count]
        precondition(shape.reduce(1, *) == values.count, "\(name): \(values.count) values for the shape \(shape)")
        let content = Tensor.Content.memory(values.withUnsafeBytes { Data($0) })
        tensors[name] = Tensor(type: Element.tensorType, shape: shape, content: content)
    }

    /// Adds an array whose elements are these bytes.
    public mutating func set(_ name: String, _ type: ElementType, shape: [Int], bytes: Data) {
        precondition(shape.reduce(type.width, *) == bytes.count, "\(name): \(bytes.count) bytes for the shape \(shape)")
        tensors[name] = Tensor(type: type, shape: shape, content: .memory(bytes))
    }

    /// Adds a matrix as an array of two dimensions. The values are copied.
    public mutating func set<Element: TensorElement & Scalar>(_ name: String, _ matrix: Matrix<Element>) {
        var bytes = Data(capacity: matrix.rows * matrix.columns * MemoryLayout<Element>.stride)
        for r in 0..<matrix.rows { bytes.append(contentsOf: UnsafeRawBufferPointer(matrix.row(r))) }
        tensors[name] = Tensor(type: Element.tensorType, shape: [matrix.rows, matrix.columns], content: .memory(bytes))
    }

    /// The values of an array. Throws `DataError` where there is none of that name, type and (if given) shape, and for
    /// a value that is not finite.
    public func values<Element: TensorElement>(
        _ name: String, as _: Element.Type = Element.self, shape: [Int]? = nil
    ) throws -> [Element] {
        let tensor = try tensor(name, Element.tensorType)
        if let shape, shape != tensor.shape {
            throw DataError(path, expected: "\(name.escaped) of shape \(shape)", found: "\(tensor.shape)")
        }
        let count = tensor.byteCount / MemoryLayout<Element>.stride
        return try [Element](unsafeUninitializedCapacity: count) { buffer, filled in
            let all = UnsafeMutableRawBufferPointer(buffer)
            let bytes = UnsafeMutableRawBufferPointer(rebasing: all[..<tensor.byteCount])
            try tensor.read(into: bytes)
            try checkFinite(bytes, of: tensor.type, name)
            filled = count
        }
    }

    /// An array of two dimensions as a matrix, or some of its rows. Throws `DataError` where there is none of that name
    /// and type, and for a value that is not finite.
    public func matrix<Element: TensorElement & Scalar>(
        _ name: String, as _: Element.Type = Element.self, rows: Range<Int>? = nil
    ) throws -> Matrix<Element> {
        let tensor = try tensor(name, Element.tensorType)
        guard tensor.shape.count == 2 else {
            throw DataError(path, expected: "\(name.escaped) of two dimensions", found: "the shape \(tensor.shape)")
        }
        let rows = rows ?? 0..<tensor.shape[0], width = tensor.shape[1] * MemoryLayout<Element>.stride
        precondition(rows.lowerBound >= 0 && rows.upperBound <= tensor.shape[0])
        let matrix = Matrix<Element>(rows: rows.count, columns: tensor.shape[1])
        let bytes = UnsafeMutableRawBufferPointer(matrix.elements)
        try tensor.read(from: rows.lowerBound * width, into: bytes)
        try checkFinite(bytes, of: tensor.type, name, from: rows.lowerBound * tensor.shape[1])
        return matrix
    }

    /// Fills a buffer with an array's bytes from `start` on, whatever the elements are.
    ///
    /// - Precondition: the file has an array of that name, and so many bytes of it.
    /// - Throws: `DataError` where the file cannot be read.
    public func read(_ name: String, from start: Int = 0, into buffer: UnsafeMutableRawBufferPointer) throws {
        try tensors[name]!.read(from: start, into: buffer)
    }

    /// The CRC-32 of an array's bytes, which are read in pieces.
    ///
    /// - Precondition: the file has an array of that name.
    /// - Throws: `DataError` where the file cannot be read.
    public func tensorChecksum(_ name: String) throws -> UInt32 {
        var sum = Checksum()
        try tensors[name]!.inPieces(of: 1 << 20) { sum.add($0) }
        return sum.value
    }

    private func tensor(_ name: String, _ type: ElementType) throws -> Tensor {
        guard let tensor = tensors[name] else {
            throw DataError(
                path, expected: "a tensor \(name.escaped)",
                found: "only \(tensors.keys.sorted().joined(separator: ", ").escaped)")
        }
        guard tensor.type == type else {
            throw DataError(path, expected: "\(name.escaped) of type \(type)", found: "\(tensor.type)")
        }
        return tensor
    }

    /// Refuses infinity and what is no number. `first` is the position of the first element in the tensor.
    private func checkFinite(
        _ bytes: UnsafeMutableRawBufferPointer, of type: ElementType, _ name: String, from first: Int = 0
    ) throws {
        func check<Element: BinaryFloatingPoint>(_ elements: UnsafeMutableBufferPointer<Element>) throws {
            guard let place = elements.firstIndex(where: { !$0.isFinite }) else { return }
            throw DataError(
                path, expected: "\(name.escaped) of finite numbers",
                found: "\(elements[place]) at position \(first + place)")
        }
        switch type {
        case .F32: try check(bytes.bindMemory(to: Float.self))
        case .F64: try check(bytes.bindMemory(to: Double.self))
        case .I64, .I32, .U8: break
        }
    }
}
