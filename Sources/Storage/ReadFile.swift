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
    func reason(_ error: Int32) -> String { String(cString: strerror(error)) }
    let file: RegularFile
    do {
        file = try RegularFile(path)
    } catch .cannotOpen(let error) {
        if [ENOENT, ENOTDIR].contains(error) { return nil }
        throw refused("one that cannot be opened (\(reason(error)))")
    } catch .isNoFile {
        throw refused("a folder, a pipe or a device of that name")
    }
    guard file.size <= limit else {
        throw refused("\(file.size) bytes, more than the \(limit) that are read")
    }
    var data = Data(count: file.size)
    let (count, error) = data.withUnsafeMutableBytes { file.read(at: 0, into: $0) }
    guard error == 0 else { throw refused("one that cannot be read (\(reason(error)))") }
    return data.prefix(count)
}
