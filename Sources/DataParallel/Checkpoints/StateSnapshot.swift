import Foundation
import LinearAlgebra
import Storage

/// A rank's part of a checkpoint: copies of the tensors that it writes.
///
/// Tensors that are the same on all ranks are rank 0's to write. A copy's memory is kept for the next one.
package final class StateSnapshot: StateArchive, @unchecked Sendable {
    private struct Copy {
        let type: Safetensors.ElementType
        let shape: [Int]
        let layout: String
        let bytes: UnsafeMutableBufferPointer<UInt8>
    }

    private let rank: Int
    private var copies: [String: Copy] = [:]
    /// The copies of the last snapshot whose memory was not taken yet.
    private var old: [String: Copy] = [:]
    /// What begins the names of the tensors that come.
    private var prefix = ""

    package init(rank: Int) { self.rank = rank }

    deinit {
        for copy in copies.values { Allocation.release(copy.bytes) }
    }

    /// The bytes of what was copied.
    var byteCount: Int { copies.values.reduce(0) { $0 + $1.bytes.count } }

    package var isRestoring: Bool { false }

    /// Copies the state of some objects in the place of what was copied before.
    package func take(_ objects: [(name: String, object: any Checkpointable)]) throws {
        (old, copies) = (copies, [:])
        defer {
            for copy in old.values { Allocation.release(copy.bytes) }
            old = [:]
        }
        for (name, object) in objects {
            prefix = name + "."
            try object.archive(to: self)
        }
    }

    package func tensor<Element: Scalar & TensorElement>(
        _ name: String, _ elements: UnsafeMutableBufferPointer<Element>, rowLength: Int, _ layout: RankLayout
    ) throws {
        if layout == .replicated, rank > 0 { return }
        let shape = rowLength == 0 ? [0, 0] : [elements.count / rowLength, rowLength]
        copy(name, Element.tensorType, shape, layout, UnsafeRawBufferPointer(elements))
    }

    package func text(_ name: String, _ text: inout String) throws {
        guard rank == 0 else { return }
        text.withUTF8 { copy(name, .U8, [1, $0.count], .replicated, UnsafeRawBufferPointer($0)) }
    }

    private func copy(
        _ name: String, _ type: Safetensors.ElementType, _ shape: [Int], _ layout: RankLayout,
        _ bytes: UnsafeRawBufferPointer
    ) {
        let name = prefix + name
        precondition(copies[name] == nil, "two tensors of a state are called \(name)")
        var place = old.removeValue(forKey: name)?.bytes
        if let other = place, other.count != bytes.count {
            Allocation.release(other)
            place = nil
        }
        let buffer = place ?? Allocation.buffer(bytes.count, "a checkpoint")
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
        copies[name] = Copy(type: type, shape: shape, layout: layout.text, bytes: buffer)
    }

    /// Writes the part. Called on any thread while nobody copies.
    ///
    /// - Returns: the checksum of its header, which the manifest has.
    /// - Throws: `WriteError`.
    @discardableResult
    package func write(to path: String) throws -> UInt32 {
        var file = Safetensors()
        for (name, copy) in copies {
            file.set(
                name, copy.type, shape: copy.shape,
                bytes: Data(bytesNoCopy: copy.bytes.baseAddress!, count: copy.bytes.count, deallocator: .none))
        }
        return try file.write(to: path) { name, sum in copies[name]!.layout + Self.word(sum) }
    }

    /// How the header of a part tells a tensor's checksum, after its layout.
    static func word(_ checksum: UInt32) -> String { String(format: " crc32 %08x", checksum) }
}

extension RankLayout {
    /// The words for the layout in the header of a part.
    var text: String {
        switch self {
        case .replicated: "replicated"
        case .rows(let range, let count): "rows \(range.lowerBound) \(range.upperBound) of \(count)"
        case .summed: "summed"
        case .ofRank: "rank"
        }
    }
}
