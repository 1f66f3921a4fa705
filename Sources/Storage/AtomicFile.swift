import Foundation

/// A file that could not be written. A job ends with exit code 1.
public struct WriteError: Error, CustomStringConvertible, Sendable {
    /// One line: the file, the step, the system's reason.
    public let message: String
    public var description: String { message }

    init(message: String) { self.message = message }

    /// Says that a step failed, for the reason in errno.
    package init(_ path: String, _ step: String) {
        message = "\(path): cannot \(step): \(String(cString: strerror(errno)))"
    }
}

/// A file that appears whole or not at all: written aside as `NAME.PID.part` in the same folder, so that two runs by
/// mistake in one folder do not write into each other's, flushed to the disk, then renamed. One that is never committed
/// is removed, and leaves what was there before as it was.
public final class AtomicFile {
    public let path: String
    private let partPath: String
    private var descriptor: Int32
    /// Bytes that were written, which is where the next ones go.
    private var written = 0

    /// Whether a name is that under which some process writes a file aside.
    package static func isPart(_ name: String, of file: String) -> Bool {
        guard name.hasPrefix(file + "."), name.hasSuffix(".part") else { return false }
        return Int32(name.dropFirst(file.count + 1).dropLast(5)) != nil
    }

    /// Throws `WriteError`. The folder must exist.
    public init(path: String) throws {
        self.path = path
        partPath = "\(path).\(getpid()).part"
        descriptor = open(partPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw WriteError(partPath, "create") }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(partPath)
    }

    /// Bytes that go to the disk while those after them are made.
    static let piece = 8 << 20

    /// Appends bytes. Throws `WriteError`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        precondition(descriptor >= 0, "written after its commit")
        var done = 0
        while done < bytes.count {
            let count = min(bytes.count - done, Self.piece)
            let put = Foundation.write(descriptor, bytes.baseAddress! + done, count)
            if put < 0 && errno == EINTR { continue }
            guard put > 0 else { throw WriteError(partPath, "write") }
            done += put
            // What is said not to be needed soon, the system begins to write to the disk.
            if put == Self.piece {
                _ = posix_fadvise(descriptor, off_t(written), off_t(put), POSIX_FADV_DONTNEED)
            }
            written += put
        }
    }

    /// Writes bytes in the place of the first ones. Throws `WriteError`.
    func rewriteStart(_ bytes: UnsafeRawBufferPointer) throws {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw WriteError(partPath, "seek in") }
        written = 0
        try write(bytes)
    }

    /// Flushes the file and gives it its name; then flushes the folder, so that the name too outlives a power cut.
    ///
    /// - Parameter flushingFolder: false where another file of the folder is committed later, without which this one
    ///   counts for nothing.
    /// - Throws: `WriteError`.
    package func commit(flushingFolder: Bool = true) throws {
        precondition(descriptor >= 0, "committed twice")
        guard fsync(descriptor) == 0 else { throw WriteError(partPath, "flush") }
        guard rename(partPath, path) == 0 else { throw WriteError(path, "rename to") }
        close(descriptor)
        descriptor = -1
        guard flushingFolder else { return }
        let folder = (path as NSString).deletingLastPathComponent
        flushFolder(folder.isEmpty ? "." : folder)
    }
}

/// Flushes a folder, so that the names in it outlive a power cut. Some network file systems cannot; the files
/// themselves are safe there.
public func flushFolder(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
}

/// Makes a folder in one that exists, unless it is there already. Throws `WriteError`.
public func makeFolder(at path: String) throws {
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw WriteError(path, "make the folder") }
}

/// Writes a whole file atomically. Throws `WriteError`.
public func writeAtomically(_ bytes: some ContiguousBytes, to path: String) throws {
    let file = try AtomicFile(path: path)
    try bytes.withUnsafeBytes { try file.write($0) }
    try file.commit()
}

/// Refuses a folder whose disk has less room than will be written: better before the work than after it.
///
/// - Parameters:
///   - bytes: what will be written; the files that it replaces stay until it is there.
///   - what: what is written, for the error.
/// - Throws: `WriteError`.
public func checkFreeSpace(in folder: String, for bytes: Int, _ what: String) throws {
    var status = statvfs()
    // A disk that does not tell its size is found out when it is written.
    guard statvfs(folder, &status) == 0, status.f_blocks > 0 else { return }
    let free = Double(status.f_bavail) * Double(status.f_frsize)
    guard Double(bytes) > free else { return }
    throw WriteError(
        message: "\(folder): expected \(bytes / 1_000_000 + 1) MB of free space for \(what), "
            + "found \(Int(free / 1e6)) MB")
}
