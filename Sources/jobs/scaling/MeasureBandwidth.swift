import DataParallel
import Foundation
import JobSupport
import Parallel
import Runs
import Scaling

/// `scaling bandwidth` on one rank: measures every size, adds its rows to the table at once, and prints all of them at
/// the end.
func measureBandwidth(_ options: BandwidthCommand, on world: Communicator) throws {
    let sizes = try options.allSizes, link = options.measuring.link
    let progress = ProgressLog(style: .line, speaks: world.isRoot)
    let path = options.measuring.csv ?? "runs/scaling/bandwidth.csv"
    let file = MeasurementFile(path: path, columns: AllReduceTimes.columnNames, key: AllReduceTimes.key)
    try world.agreeOnRoot { try file.check() }
    let placement = try Placement(world, threads: options.measuring.threads)
    let record = RunRecord(
        job: "scaling bandwidth",
        settings: ["link": link, "max-bytes": "\(options.maxBytes)", "sizes": options.sizes ?? "none"],
        environment: [:], communicator: world, hosts: placement.hostNames)
    Banner(job: "scaling bandwidth", record: record).print(with: progress)
    if placement.isOversubscribed { progress.say("more threads of ranks than cores: these times show no network") }

    var rows = [
        ["bytes", "algorithm", "iterations", "min ms", "p50 ms", "p99 ms", "max ms", "algorithmic MB/s", "bus MB/s"]
    ]
    for (number, bytes) in sizes.enumerated() {
        for algorithm in AllReduceAlgorithm.allCases {
            let times = try AllReduceTimes(algorithm, bytes: bytes, communicator: world)
            try world.agreeOnRoot { try file.add(times.fields(link: link, placement: placement)) }
            rows.append(
                ["\(bytes)", algorithm.rawValue, "\(times.iterations)"]
                    + [times.min, times.p50, times.p99, times.max].map { String(format: "%.4f", 1e3 * $0) }
                    + [times.algorithmicBandwidth, times.busBandwidth].map { String(format: "%.1f", 1e-6 * $0) })
        }
        progress.step("measured", number + 1, of: sizes.count, "\(bytes) bytes")
    }
    for line in aligned(rows) { progress.say(line) }
    progress.say("table      \(path)")
}
