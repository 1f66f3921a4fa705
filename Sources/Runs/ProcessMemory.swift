import Foundation

/// What this process holds in memory, as the kernel counts it (/proc/self/status); 0 where there is no such file.
public enum ProcessMemory {
    /// Bytes now.
    public static var resident: Int { bytes("VmRSS:") }
    /// Bytes at most so far.
    public static var peak: Int { bytes("VmHWM:") }

    /// Lets `peak` begin anew with what is held now, where the kernel allows it.
    public static func resetPeak() {
        let file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, "5", 1)
        close(file)
    }

    private static func bytes(_ name: String) -> Int {
        MemoryLimits.bytes(name, in: "/proc/self/status") ?? 0
    }
}
