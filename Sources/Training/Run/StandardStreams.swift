import Foundation

/// What a job prints where it may not be written: a closed pipe, a full disk. Nothing of it ends a run.
public enum StandardStreams {
    /// Writes what was printed. Returns the system's reason where that fails, else nil.
    public static var outputFailure: String? { fflush(nil) == 0 ? nil : String(cString: strerror(errno)) }

    /// Writes a line on standard error; where nobody can read it, nothing.
    public static func complain(_ message: String) {
        let line = Array((message.split(whereSeparator: \.isNewline).joined(separator: " ") + "\n").utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
