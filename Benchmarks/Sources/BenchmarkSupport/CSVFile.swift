import Foundation

/// A table on disk that several runs add to: the header is written with the first row.
public struct CSVFile {
    private let path: String
    private let header: String

    public init(path: String, header: String) {
        self.path = path
        self.header = header
    }

    /// Adds a row at the end of the file.
    ///
    /// - Throws: Foundation's error where the file cannot be written.
    public func append(_ row: [String]) throws {
        var text = row.joined(separator: ",") + "\n"
        guard let handle = FileHandle(forWritingAtPath: path) else {
            text = header + "\n" + text
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            return
        }
        defer { try? handle.close() }
        if try handle.seekToEnd() == 0 { text = header + "\n" + text }
        try handle.write(contentsOf: Data(text.utf8))
    }
}
