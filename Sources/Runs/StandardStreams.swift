@preconcurrency import Glibc

/// What a job prints where it may not be written, as to a closed pipe or a full disk.
public enum StandardStreams {
    /// Writes what was printed. Returns the system's reason where that fails, else nil.
    ///
    /// - Parameter code: errno after `print`, which itself has failed where the stream has no buffer, as under MPICH;
    ///   0: unknown, since something else was done meanwhile.
    public static func outputFailure(afterPrinting code: Int32 = 0) -> String? {
        if fflush(nil) != 0 { return String(cString: strerror(errno)) }
        if ferror(stdout) == 0 { return nil }
        return code == 0 ? "a write failed" : String(cString: strerror(code))
    }

    /// Writes a line on standard error; where nobody can read it, nothing.
    public static func complain(_ message: String) {
        let line = Array((message.split(whereSeparator: \.isNewline).joined(separator: " ") + "\n").utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
