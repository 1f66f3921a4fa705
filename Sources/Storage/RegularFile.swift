import Foundation

/// A regular file that is open for reading. Readers give positions, so several threads may read one file.
final class RegularFile: Sendable {
    enum OpenError: Error {
        /// The system's error number.
        case cannotOpen(Int32)
        /// A folder, a pipe or a device has the name.
        case isNoFile
    }

    /// Its bytes when it was opened.
    let size: Int
    private let descriptor: Int32

    init(_ path: String) throws(OpenError) {
        // A pipe would wait for its writer without O_NONBLOCK.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .cannotOpen(errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .isNoFile
        }
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Maps all bytes for reading.
    func map() -> UnsafeMutableRawPointer? { mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0) }

    /// Fills a buffer with the bytes from `offset` on.
    ///
    /// - Returns: how many there were, fewer than asked for at the file's end or where `error` is not 0.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, error: Int32) {
        var done = 0
        while done < buffer.count {
            let got = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { return (done, got == 0 ? 0 : errno) }
            done += got
        }
        return (done, 0)
    }
}
