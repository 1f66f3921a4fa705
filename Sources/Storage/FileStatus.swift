import Foundation

/// What the system says of the file or folder behind a name, links followed; nil where nothing has that name.
///
/// Throws `DataError` where the system cannot tell, and for a link that leads nowhere.
public func fileStatus(_ path: String) throws -> stat? {
    var status = stat()
    if stat(path, &status) == 0 { return status }
    let reason = errno
    if reason == ENOENT, lstat(path, &status) == 0 {
        let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? "nothing"
        throw DataError(path, expected: "a file or a folder", found: "a link to \(target.escaped), which is not there")
    }
    if reason == ENOENT || reason == ENOTDIR { return nil }
    throw DataError(
        path, expected: "a file or a folder that can be read", found: "none (\(String(cString: strerror(reason))))")
}

/// Whether something that is no folder has that name. Throws as `fileStatus`.
package func isFile(_ path: String) throws -> Bool {
    try fileStatus(path).map { $0.st_mode & S_IFMT != S_IFDIR } ?? false
}
