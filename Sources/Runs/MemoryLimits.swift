import Foundation

/// What memory this process may take at most: the limit of its address space, that of its cgroup, and what the machine
/// has.
public struct MemoryLimits: Sendable {
    /// How a need compares with the limits. The text says both, and names the limit.
    public enum Verdict: Equatable, Sendable {
        case fits
        /// It is less than the limit, but more than is free now: others may give back what they hold, or not.
        case isTight(String)
        case exceeds(String)
    }

    /// A limit in bytes, and how much of it is taken now.
    struct Limit: Sendable {
        let name: String
        let bytes: Int
        let used: Int
    }

    /// That of the address space (`ulimit -v`); nil where there is none.
    let process: Limit?
    /// Those that all processes of a machine or of a container share.
    let shared: [Limit]

    /// The limits as they are now.
    ///
    /// - Parameters:
    ///   - root: the folder that holds /proc and /sys; tests have their own.
    ///   - addressSpace: the limit of the address space; nil: the process's own.
    public init(root: String = "", addressSpace: Int? = nil) {
        let limit = addressSpace ?? MemoryLimits.addressSpaceLimit
        process = limit.map {
            Limit(
                name: "ulimit -v", bytes: $0, used: MemoryLimits.bytes("VmSize:", in: root + "/proc/self/status") ?? 0)
        }
        shared = [MemoryLimits.group(root: root), MemoryLimits.machine(root: root)].compactMap(\.self)
    }

    /// Holds a need against the limits.
    ///
    /// - Parameters:
    ///   - what: who needs it, for the text.
    ///   - bytes: what one process will take beside what it has.
    ///   - mapped: what it will take of its address space; nil: as much.
    ///   - processes: how many of them share the machine.
    public func verdict(_ what: String, needs bytes: Int, mapped: Int? = nil, processes: Int = 1) -> Verdict {
        func text(_ limit: Limit, _ bytes: Int, _ processes: Int, beside used: Int) -> String {
            let needed = MemoryLimits.clamped(Double(bytes) * Double(processes) + Double(used))
            return "\(what) needs \(MemoryLimits.text(bytes))"
                + (processes > 1 ? " for each of \(processes) ranks" : "")
                + (used > 0 ? " beside \(MemoryLimits.text(used)) that are taken" : "")
                + ": expected \(MemoryLimits.text(needed)) of memory, "
                + "found \(MemoryLimits.text(limit.bytes)) (\(limit.name))"
        }
        let mapped = mapped ?? bytes
        if let process, Double(process.used) + Double(mapped) > Double(process.bytes) {
            return .exceeds(text(process, mapped, 1, beside: process.used))
        }
        let needed = Double(bytes) * Double(processes)
        if let limit = shared.first(where: { needed > Double($0.bytes) }) {
            return .exceeds(text(limit, bytes, processes, beside: 0))
        }
        if let limit = shared.first(where: { needed > Double($0.bytes - $0.used) }) {
            return .isTight(text(limit, bytes, processes, beside: limit.used))
        }
        return .fits
    }

    private static func clamped(_ value: Double) -> Int { value < 9e18 ? Int(value) : .max }

    private static func text(_ bytes: Int) -> String {
        bytes < 10_000_000_000 ? "\(bytes / 1_000_000) MB" : String(format: "%.1f GB", Double(bytes) / 1e9)
    }

    // int getrlimit(int resource, struct rlimit *rlim)
    private static var addressSpaceLimit: Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return nil }
        return Int(exactly: limit.rlim_cur)
    }

    /// The lowest limit on the way from the process's cgroup up to the root, of version 2, else of version 1.
    private static func group(root: String) -> Limit? {
        let lines = (read(root + "/proc/self/cgroup") ?? "").split(separator: "\n").map {
            $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        }
        let versions = [
            (
                lines.first { $0.count == 3 && $0[1].isEmpty }, "/sys/fs/cgroup", "memory.max", "memory.current",
                "inactive_file"
            ),
            (
                lines.first { $0.count == 3 && $0[1].split(separator: ",").contains("memory") },
                "/sys/fs/cgroup/memory",
                "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
            ),
        ]
        var lowest: Limit?
        for case (let line?, let mount, let limitFile, let usedFile, let cache) in versions {
            var path = String(line[2])
            while true {
                let folder = root + mount + (path == "/" ? "" : path)
                if let bytes = number(folder + "/" + limitFile), bytes < lowest?.bytes ?? .max / 2 {
                    // Files that nobody reads any more are given back when memory is needed.
                    let idle =
                        read(folder + "/memory.stat")?.split(separator: "\n").first { $0.hasPrefix(cache + " ") }
                        .flatMap { Int($0.dropFirst(cache.count + 1)) } ?? 0
                    lowest = Limit(
                        name: "the cgroup \(mount)\(path)", bytes: bytes,
                        used: max(0, (number(folder + "/" + usedFile) ?? 0) - idle))
                }
                if path == "/" || path.isEmpty { break }
                path = (path as NSString).deletingLastPathComponent
            }
        }
        return lowest
    }

    private static func machine(root: String) -> Limit? {
        let file = root + "/proc/meminfo"
        guard let total = bytes("MemTotal:", in: file), let free = bytes("MemAvailable:", in: file) else { return nil }
        let swap = bytes("SwapTotal:", in: file) ?? 0
        return Limit(name: "the memory of the machine", bytes: total + swap, used: max(0, total - free))
    }

    private static func number(_ path: String) -> Int? {
        read(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// What a line of a file of the kernel says in KiB, in bytes.
    static func bytes(_ name: String, in path: String) -> Int? {
        let line = read(path)?.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
    }

    private static func read(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
