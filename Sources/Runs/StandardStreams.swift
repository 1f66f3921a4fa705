@preconcurrency import Glibc

/// What a job prints where it may not be written, as to a closed pipe or a full disk.
public enum StandardStreams {
    /// Writes what was printed just before. Returns the system's reason where that fails, else nil.
    public static var outputFailure: String? {
        // Where the stream has no buffer, as under MPICH, `print` itself has failed.
        let printed = errno
        if fflush(nil) != 0 { return String(cString: strerror(errno)) }
        if ferror(stdout) == 0 { return nil }
        return printed == 0 ? "a write failed" : String(cString: strerror(printed))
    }

    /// Writes a line on standard error; where nobody can read it, nothing.
    public static func complain(_ message: String) {
        let line = Array((message.split(whereSeparator: \.isNewline).joined(separator: " ") + "\n").utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
