import Foundation
import Parallel

/// `--export-expanded` names a file that cannot be written. Exit code 1.
struct ExportError: ExitCoded, CustomStringConvertible {
    let description: String
    let exitCode: Int32 = 1
}

extension CommonOptions {
    /// Looks whether the file of `--export-expanded` can be written, before hours of work end without it.
    public func checkExport() throws {
        guard let path = exportExpanded else { return }
        let folder = (path as NSString).deletingLastPathComponent
        guard access(folder.isEmpty ? "." : folder, W_OK | X_OK) == 0 else {
            throw ExportError(
                description: "--export-expanded \(path): expected a folder that can be written, found \(folder): \(String(cString: strerror(errno)))")
        }
    }
}
