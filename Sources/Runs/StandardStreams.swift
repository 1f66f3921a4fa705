@preconcurrency import Glibc

/// What a job prints where it may not be written, as to a closed pipe or a full disk.
public enum StandardStreams {
    /// Writes what was printed. Returns the system's reason where that fails, else nil.
    public static var outputFailure: String? {
        if fflush(nil) != 0 { return String(cString: strerror(errno)) }
        // What failed inside of `print` is dropped, and its reason gone.
        return ferror(stdout) == 0 ? nil : "a write failed"
    }

    /// Writes a line on standard error; where nobody can read it, nothing.
    public static func complain(_ message: String) {
        let line = Array((message.split(whereSeparator: \.isNewline).joined(separator: " ") + "\n").utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
