import Foundation
import LinearAlgebra

/// Bytes in memory that nobody changes: a mapped file, or a buffer that somebody keeps.
package final class ReadOnlyBytes: Sendable {
    nonisolated(unsafe) package let bytes: UnsafeRawBufferPointer
    private let release: @Sendable () -> Void

    /// - Parameter release: called when the bytes are no longer needed.
    package init(_ bytes: UnsafeRawBufferPointer, release: @escaping @Sendable () -> Void) {
        self.bytes = bytes
        self.release = release
    }

    /// Bytes of this process alone.
    ///
    /// - Parameter what: what they are, for the line that is said where memory cannot be had.
    convenience init(
        _ count: Int, _ what: @autoclosure () -> String, fill: (UnsafeMutableRawBufferPointer) throws -> Void
    ) throws {
        let buffer: UnsafeMutableBufferPointer<UInt8> = Allocation.buffer(count, what())
        do { try fill(UnsafeMutableRawBufferPointer(buffer)) } catch {
            Allocation.release(buffer)
            throw error
        }
        nonisolated(unsafe) let kept = buffer
        self.init(UnsafeRawBufferPointer(buffer)) { Allocation.release(kept) }
    }

    deinit { release() }
}

extension RegularFile {
    /// Maps the whole file: all processes of a machine that do so share its pages. Nil where the file system cannot.
    ///
    /// A file that becomes shorter while it is mapped ends the process at the next look at what is gone, with a line
    /// that says so.
    ///
    /// - Parameter path: the file's name, for that line.
    func mapped(as path: String) -> ReadOnlyBytes? {
        guard size > 0 else { return ReadOnlyBytes(UnsafeRawBufferPointer(start: nil, count: 0)) {} }
        guard let start = map(), start != MAP_FAILED else { return nil }
        let size = size, address = UInt(bitPattern: start)
        let place = MappedRanges.add(address..<address + UInt(size), path: path)
        return ReadOnlyBytes(UnsafeRawBufferPointer(start: start, count: size)) {
            MappedRanges.remove(place)
            munmap(UnsafeMutableRawPointer(bitPattern: address), size)
        }
    }
}
