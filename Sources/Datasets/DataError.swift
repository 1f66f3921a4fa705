/// Data that is missing or not what its format says. A job ends with exit code 65.
public struct DataError: Error, CustomStringConvertible, Sendable {
    /// One line: the file, what was expected, what was found.
    public let message: String
    public var description: String { message }
    public var exitCode: Int32 { 65 }

    public init(message: String) { self.message = message }

    init(_ path: String, expected: String, found: String) {
        message = "\(path): expected \(expected), found \(found)"
    }
}
