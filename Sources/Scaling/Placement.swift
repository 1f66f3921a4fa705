import Foundation
import Parallel

/// Where the ranks of a run are.
public struct Placement: Sendable {
    /// MPI ranks.
    public let ranks: Int
    /// The host of every rank, in rank order.
    public let hostNames: [String]
    /// Distinct host names.
    public let hosts: Int
    /// Whether the ranks of a machine have more threads than cores that they may use; hosts that are emulated on one
    /// machine share it.
    public let isOversubscribed: Bool

    /// Bytes of a machine's name, and of a bit for each of its processors.
    private static let nameBytes = 64, coreBytes = 512

    /// Two allgathers, of 64 and of 576 bytes a rank.
    ///
    /// - Parameter threads: the threads per rank.
    public init(_ communicator: Communicator, threads: Int) throws {
        ranks = communicator.size
        hostNames = try communicator.hostNames()
        hosts = Set(hostNames).count
        let width = Placement.nameBytes + Placement.coreBytes
        var own = [UInt8](repeating: 0, count: width)
        for (i, byte) in (Placement.machine ?? communicator.hostName).utf8.prefix(Placement.nameBytes).enumerated() {
            own[i] = byte
        }
        for core in Placement.usableCores where core < 8 * Placement.coreBytes {
            own[Placement.nameBytes + core / 8] |= 1 << UInt8(core % 8)
        }
        let machines = Dictionary(grouping: try communicator.allGather(own)) { $0.prefix(Placement.nameBytes) }
        isOversubscribed = machines.values.contains { ranks in
            let cores = (Placement.nameBytes..<width).reduce(0) { sum, i in
                sum + ranks.reduce(UInt8(0)) { $0 | $1[i] }.nonzeroBitCount
            }
            return ranks.count * threads > cores
        }
    }

    /// What all processes under one kernel have in common, whatever host name they see.
    private static var machine: String? { text("/proc/sys/kernel/random/boot_id") }

    /// The cores that this process may use, each by its first hardware thread.
    private static var usableCores: Set<Int> {
        let line = text("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        let processors = line?.split(whereSeparator: \.isWhitespace).last.map(numbers) ?? []
        if processors.isEmpty { return Set(0..<ProcessInfo.processInfo.activeProcessorCount) }
        return Set(
            processors.map { processor in
                text("/sys/devices/system/cpu/cpu\(processor)/topology/thread_siblings_list")
                    .flatMap { numbers($0[...]).first } ?? processor
            })
    }

    /// The numbers of a list as the kernel writes them, such as 0-3,8.
    private static func numbers(_ list: Substring) -> [Int] {
        list.split(separator: ",").flatMap { part in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            return ends.isEmpty ? [] : Array(ends[0]...max(ends[0], ends.last!))
        }
    }

    private static func text(_ path: String) -> String? {
        (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
