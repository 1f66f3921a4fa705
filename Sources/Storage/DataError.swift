/// Data that is missing or not what its format says. A job ends with exit code 65.
public struct DataError: Error, CustomStringConvertible, Sendable {
    /// One line: the file, what was expected, what was found.
    public let message: String
    public var description: String { message }
    public var exitCode: Int32 { 65 }

    public init(message: String) { self.message = message }

    /// Makes the message `PATH: expected EXPECTED, found FOUND`.
    package init(_ path: String, expected: String, found: String) {
        message = "\(path): expected \(expected), found \(found)"
    }
}

extension StringProtocol {
    /// The beginning of a text from a file, fit for a message: what is not a printable ASCII character is written as an
    /// escape.
    public var escaped: String {
        let rest = unicodeScalars.dropFirst(60)
        return unicodeScalars.prefix(60).map { $0.escaped(asASCII: true) }.joined() + (rest.isEmpty ? "" : "…")
    }
}
