import ArgumentParser
import JobSupport
import Scaling

/// The command line of `scaling bandwidth`.
struct BandwidthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bandwidth",
        abstract: "Measure sums over all ranks by their size: what the network gives, by MPI and by our own ring.",
        discussion: """
            Sums of 4 bytes, four times as many and so on, 1000 of the small ones down to 10 of the large ones, each \
            after a barrier.
            Rows go to bandwidth.csv, a table is printed.
            """)

    @Option(help: ArgumentHelp("The largest sum of the sweep.", valueName: "bytes"))
    var maxBytes = 1 << 28
    @Option(
        help: ArgumentHelp(
            "Other sums beside the sweep, such as payloads of models: multiples of 4.", valueName: "bytes,bytes"))
    var sizes: String?
    @OptionGroup var measuring: MeasuringOptions

    func validate() throws {
        try check(maxBytes, "--max-bytes", "4 to \(1 << 34)") { (4...1 << 34).contains($0) }
        _ = try allSizes
    }

    /// All sizes in bytes, ascending.
    var allSizes: [Int] {
        get throws {
            let others = try sizes.map {
                try list($0, "--sizes", "multiples of 4 up to \(1 << 34)") { text in
                    Int(text).flatMap { $0 > 0 && $0 <= 1 << 34 && $0 % 4 == 0 ? $0 : nil }
                }
            }
            return AllReduceTimes.sizes(through: maxBytes, and: others ?? [])
        }
    }

    func run() throws {
        runJob("scaling", threads: measuring.threads, stallAfter: measuring.stallAfter) {
            try measureBandwidth(self, on: $0)
        }
    }
}
