import Foundation

/// Reads a whole file that ought to be small: a table, the record of a run, a picture.
///
/// What is no regular file, such as a pipe or a device, is refused without waiting for it, and a file of more than
/// `limit` bytes before one of them is read.
///
/// - Parameters:
///   - expected: what the file ought to be, for the error.
///   - advice: what to do where it is not, for the error.
/// - Returns: nil where there is no file of that name.
/// - Throws: `DataError`, naming the file.
public func readFile(_ path: String, expecting expected: String, atMost limit: Int, advice: String) throws -> Data? {
    func refused(_ found: String) -> DataError {
        DataError(message: "\(path): expected \(expected), found \(found): \(advice)")
    }
    // Without O_NONBLOCK a pipe is not open until somebody writes to it.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
        if [ENOENT, ENOTDIR].contains(errno) { return nil }
        throw refused("one that cannot be opened (\(String(cString: strerror(errno))))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw refused("a folder, a pipe or a device of that name")
    }
    guard status.st_size <= limit else {
        throw refused("\(status.st_size) bytes, more than the \(limit) that are read")
    }
    var data = Data(count: Int(status.st_size)), done = 0
    while done < data.count {
        let got = data.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + done, $0.count - done) }
        if got < 0 && errno == EINTR { continue }
        guard got >= 0 else { throw refused("one that cannot be read (\(String(cString: strerror(errno))))") }
        if got == 0 { return data.prefix(done) }
        done += got
    }
    return data
}
