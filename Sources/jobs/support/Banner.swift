import Foundation
import Layers
import LinearAlgebra
import Logging
import Parallel
import Runs

/// What rank 0 prints before a run: every setting and derived size, ranks, threads, libraries.
public struct Banner {
    private var lines: [String] = []

    public init(job: String, record: RunRecord) {
        lines.append("Colonnade \(RunRecord.colonnade), job \(job)")
        let all = record.settings.merging(record.environment) { first, _ in first }
        add("settings", all.keys.sorted().map { "\($0) \(all[$0]!)" }.joined(separator: ", "))
        let hosts = Dictionary(grouping: record.hosts) { $0 }.sorted { $0.key < $1.key }.map {
            "\($0.key) ×\($0.value.count)"
        }
        add(
            "ranks",
            "\(record.ranks) on \(hosts.joined(separator: ", ")); \(Backend.threads) BLAS "
                + "thread\(Backend.threads == 1 ? "" : "s") each; rank 0 may use processors \(affinity())")
        add(
            "libraries",
            "\(record.versions["mpi"]!); \(Backend.version.split(separator: " ").prefix(2).joined(separator: " ")), "
                + "kernels "
                + Backend.kernels)
    }

    public mutating func add(_ name: String, _ text: String) {
        lines.append("  " + name.padding(toLength: 11, withPad: " ", startingAt: 0) + text)
    }

    public func print(with progress: ProgressLog) { for line in lines { progress.say(line) } }
}

/// Warns, on one rank, where the BLAS kernels stay below what the processor can do.
public func warnOfSlowKernels(_ logger: Logger) {
    if let better = Backend.betterKernels(processorFlags: processorFlags()) {
        logger.warning(
            """
            OpenBLAS uses its \(Backend.kernels) kernels on a processor with AVX-512: set OPENBLAS_CORETYPE=\(better) \
            for about \
            twice the speed
            """)
    }
}

/// Paths with their costs, as the banner shows them.
public func readable(_ costs: [PathCost]) -> String {
    costs.map {
        let way = $0.path.rawValue + ($0.isByFourier ? " (Fourier)" : "")
        return String(
            format: "\(way) %.2f GFLOP reading \(readable(bytes: Int($0.streamedBytes))), estimate %.2f",
            $0.flops / 1e9,
            $0.estimate / 1e9)
    }.joined(separator: "; ")
}

/// Bytes in the unit that suits them.
public func readable(bytes: Int) -> String {
    let units = ["B", "KB", "MB", "GB", "TB"]
    var value = Double(bytes), unit = 0
    while value >= 1000, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
    return unit == 0 ? "\(bytes) B" : String(format: "%.1f %@", value, units[unit] as NSString)
}
