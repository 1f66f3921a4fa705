import Foundation

/// Whether standard output takes what is printed.
public enum StandardOutput {
    /// Writes what was printed. Returns the system's reason where that fails, such as a closed pipe or a full disk, else nil.
    public static var failure: String? { fflush(nil) == 0 ? nil : String(cString: strerror(errno)) }
}
