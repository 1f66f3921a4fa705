import Glibc
import Synchronization

/// Memory for the large buffers of a job, with a word to the user where it cannot be had.
///
/// Swift's own allocations end a process with a crash report. A job sets `whenRefused`, so that a person reads one line
/// instead.
public enum Allocation {
    private struct State {
        var purpose: String?
        var bytes = 0
        var whenRefused: @Sendable (String) -> Never = { fatalError($0) }
    }

    private static let state = Mutex(State())

    /// What the process is doing, for the line about memory that it cannot get: "learning", "classifying".
    public static var purpose: String? {
        get { state.withLock { $0.purpose } }
        set { state.withLock { $0.purpose = newValue } }
    }

    /// The bytes of all buffers that were made so far and not given back; each counts as a multiple of 64.
    package static var bytes: Int { state.withLock(\.bytes) }

    /// Sets how the process ends where memory is refused. The default is a fatal error.
    ///
    /// - Parameter end: gets one line that says how many bytes were asked for, and what for.
    public static func whenRefused(_ end: @escaping @Sendable (String) -> Never) {
        state.withLock { $0.whenRefused = end }
    }

    /// Returns an uninitialised buffer, aligned to 64 bytes, that `release` takes back.
    ///
    /// - Parameters:
    ///   - count: the number of elements, at least 0.
    ///   - what: what the buffer holds, for the line that is said where it cannot be had.
    public static func buffer<Element: BitwiseCopyable>(
        _ count: Int, _ what: @autoclosure () -> String
    ) -> UnsafeMutableBufferPointer<Element> {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        // aligned_alloc wants a multiple of the alignment.
        if !overflow, bytes <= Int.max - 63, let memory = aligned_alloc(64, max(64, (bytes + 63) & ~63)) {
            state.withLock { $0.bytes += max(64, (bytes + 63) & ~63) }
            return UnsafeMutableBufferPointer(start: memory.bindMemory(to: Element.self, capacity: count), count: count)
        }
        let (purpose, end) = state.withLock { ($0.purpose, $0.whenRefused) }
        end(
            "cannot get memory for \(what())\(purpose.map { " while \($0)" } ?? ""): expected "
                + "\(overflow ? "less than \(Int.max) bytes" : megabytes(bytes)), found less: "
                + "start fewer ranks on a node, raise its limit (ulimit -v), or make the run smaller")
    }

    /// Gives back what `buffer` returned.
    public static func release<Element>(_ buffer: UnsafeMutableBufferPointer<Element>) {
        let bytes = buffer.count * MemoryLayout<Element>.stride
        state.withLock { $0.bytes -= max(64, (bytes + 63) & ~63) }
        free(buffer.baseAddress)
    }

    private static func megabytes(_ bytes: Int) -> String {
        bytes < 1_000_000 ? "\(bytes) bytes" : "\(bytes / 1_000_000) MB"
    }
}
