import Foundation
import Testing

/// The job scaling: its tables on 1 to 3 ranks, the bytes in them, and what it says to wrong input.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct ScalingJobTests {
    private let folder: RunFolder
    private static let phases = ["step", "compute", "expand", "project_gradient", "wait", "exchange"]
    /// 12 inputs, hidden layers of 8 and 6 units.
    private static let small = [
        "run", "--inputs", "3x2x2", "--widths", "8,6", "--columns", "2", "--batch", "12", "--steps", "20", "--warm-up",
        "3",
    ]

    init() throws { folder = try RunFolder() }

    /// A row by column.
    private typealias Row = [String: String]

    private func rows(_ file: String = "table.csv") throws -> [Row] {
        let lines = String(decoding: try folder.file(file), as: UTF8.self).split(separator: "\n")
        let fields = lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        return try fields.dropFirst().map { row in
            try #require(row.count == fields[0].count)
            return Dictionary(uniqueKeysWithValues: zip(fields[0], row))
        }
    }

    /// Ranks that share cores wait for one another at every barrier, which on a busy machine takes minutes.
    @discardableResult
    private func measure(ranks: Int, _ options: [String]) async throws -> MPIRun.Outcome {
        let outcome = try await MPIRun(
            ranks: ranks, command: "scaling", arguments: options + ["--csv", "\(folder.path)/table.csv"], timeout: 300
        ).run()
        try #require(outcome.code == 0, "\(outcome)")
        return outcome
    }

    /// Every spread is in order, parts are not longer than the whole, and what cannot take no time takes some.
    private func expectTimes(_ row: Row, ranks: Int, dense: Bool) throws {
        func seconds(_ name: String) throws -> Double { try #require(Double(row[name] ?? ""), "\(name)") }
        for phase in Self.phases {
            let spread = try ["min", "p10", "median", "p90", "max"].map { try seconds("\(phase)_\($0)") }
            #expect(spread == spread.sorted() && spread[0] >= 0, "\(phase): \(spread)")
        }
        let step = try seconds("step_median")
        // Medians do not add up, but the fastest step has all that it consists of; 1 ns a number for nine decimals.
        for phase in Self.phases { #expect(try seconds("\(phase)_min") <= seconds("step_min") + 1e-9, "\(phase)") }
        #expect(try step > 0 && seconds("compute_min") > 0)
        // Buckets of owners leave before the barrier would be, so there is none. One rank has nothing to send, but with
        // bfloat16 it rounds.
        let exchange = row["exchange"]!
        let leavesEarly = exchange == "owned-bfloat16" || (exchange == "owned" && ranks > 1)
        #expect(try (seconds("wait_max") == 0) == leavesEarly, "\(row)")
        #expect(try seconds("exchange_max") > 0)
        if !dense { #expect(try seconds("expand_max") > 0 && seconds("project_gradient_max") > 0) }
        #expect(row["ranks"] == "\(ranks)" && row["hosts"] == "1")
        #expect(try #require(Int(row["peakBytes"] ?? "")) > 1_000_000)
    }

    /// Values of the exchanged buckets, units × (weights of a unit + 1): learned 0.5 are two of four positions in
    /// three channels, and four of eight.
    private static let buckets = ["dense": [(8, 13), (6, 9), (10, 7)], "predicted": [(8, 7), (6, 5), (10, 7)]]

    private static func values(_ buckets: [(Int, Int)]) -> Int { buckets.reduce(0) { $0 + $1.0 * $1.1 } }

    /// The formulas of docs/mlp.md: an allreduce sends 2(P−1)/P, owners get N − n_r values and send (P−1)·n_r,
    /// the ring's parts are ⌊i·N/P⌋.
    private static func bytes(_ exchange: String, _ buckets: [(Int, Int)], ranks: Int) -> (payload: Int, wire: Int) {
        let n = values(buckets)
        func cut(_ count: Int, _ i: Int) -> Int { (count * ((i % ranks) + 1)) / ranks - count * (i % ranks) / ranks }
        switch exchange {
        case "owned", "owned-bfloat16":
            let width = exchange == "owned" ? 4 : 2
            let sent = (0..<ranks).map { r in n + (ranks - 2) * buckets.reduce(0) { $0 + cut($1.0, r) * $1.1 } }.max()!
            return (width * n, ranks == 1 ? 0 : width * sent)
        case "dynamic-ring":
            return (4 * n, ranks == 1 ? 0 : 4 * (0..<ranks).map { 2 * n - cut(n, $0 + 1) - cut(n, $0 + 2) }.max()!)
        case "owned-fixed", "dynamic-fixed", "full-fixed":
            // Parts of the sum: shards 0 and 1 are a node of the tree, 2, 3 and 4 are two, 5, 6 and 7 as well.
            let parts = ranks == 3 ? [1, 2, 2] : [1, 1]
            let sent = (0..<ranks).map { r in
                let own = exchange == "owned-fixed" ? buckets.reduce(0) { $0 + cut($1.0, r) * $1.1 } : cut(n, r)
                return parts[r] * (n - own) + (ranks - 1) * own
            }
            return (4 * n, 4 * sent.max()!)
        case "average10": return (4 * n / 10, 4 * 2 * (ranks - 1) * n / ranks / 10)
        default: return (4 * n, 4 * 2 * (ranks - 1) * n / ranks)
        }
    }

    @Test(arguments: [1, 2, 3])
    func everyExchangeHasItsRow(ranks: Int) async throws {
        let exchanges = [
            "full", "dynamic", "dynamic-ring", "owned", "owned-bfloat16", "lowrank1", "lowrank1-full", "average10",
            "owned-fixed", "dynamic-fixed", "full-fixed",
        ]
        let said = try await measure(
            ranks: ranks,
            Self.small + ["--learned", "1,0.5", "--exchange", exchanges.joined(separator: ","), "--link", "test"])
        let rows = try rows()
        try #require(rows.map { $0["exchange"] } == exchanges + exchanges)
        for (number, row) in rows.enumerated() {
            let exchange = exchanges[number % exchanges.count], dense = number < exchanges.count
            try expectTimes(row, ranks: ranks, dense: dense)
            #expect(
                row["job"] == "mlp" && row["model"] == "12-8-6-10" && row["mode"] == "strong" && row["batch"] == "12")
            #expect(
                row["learned"] == (dense ? "1" : "0.5") && row["columns"] == (dense ? "1" : "2")
                    && row["link"] == "test")
            #expect(row["steps"] == "20")
            guard !exchange.hasPrefix("lowrank") else { continue }
            let expected = Self.bytes(
                exchange, Self.buckets[dense || exchange.hasPrefix("full") ? "dense" : "predicted"]!, ranks: ranks)
            #expect(
                row["payloadBytes"] == "\(expected.payload)" && row["wireBytes"] == "\(expected.wire)",
                "\(exchange): \(row)")
        }
        // The job compares its formulas with what was counted at the MPI calls.
        #expect(
            said.output.contains("handed to MPI are those of the formula") && !said.output.contains("the formula says"),
            "\(said)")
        #expect(gains(said) == rows.count - 2, "all but the two rows of full: \(said)")
    }

    /// Rows of what is printed that have a net gain.
    private func gains(_ said: MPIRun.Outcome) -> Int {
        said.output.split(separator: "\n").filter { $0.contains(/[+-][0-9]+\.[0-9]{3}$/) }.count
    }

    @Test func aRowIsReplacedAndOthersStay() async throws {
        try await measure(ranks: 1, Self.small + ["--learned", "0.5", "--exchange", "dynamic,owned"])
        let before = try rows()
        try await measure(ranks: 2, Self.small + ["--learned", "0.5", "--exchange", "owned"])
        try await measure(ranks: 1, Self.small + ["--learned", "0.5", "--exchange", "owned"])
        let after = try rows()
        #expect(after.map { "\($0["exchange"]!) \($0["ranks"]!)" } == ["dynamic 1", "owned 1", "owned 2"])
        #expect(after[0] == before[0] && after[1] != before[1])
    }

    @Test func weakBatchesAreOfARank() async throws {
        try await measure(ranks: 3, Self.small + ["--learned", "0.5", "--exchange", "dynamic", "--mode", "weak"])
        let row = try #require(try rows().first)
        #expect(row["mode"] == "weak" && row["batch"] == "36")
    }

    /// More ranks than this machine has cores; and one, which no machine has too few for.
    @Test func ranksThatShareCoresAreMarked() async throws {
        let many = ProcessInfo.processInfo.activeProcessorCount + 1
        try await measure(ranks: 1, Self.small + ["--learned", "0.5", "--exchange", "dynamic"])
        let said = try await measure(ranks: many, Self.small + ["--learned", "0.5", "--exchange", "dynamic"])
        #expect(try rows().map { $0["oversubscribed"] } == ["false", "true"])
        #expect(said.output.contains("no scaling"))
    }

    @Test func aDataSetFeedsTheNet() async throws {
        try await measure(
            ranks: 2,
            [
                "run", "--widths", "20", "--learned", "0.05", "--exchange", "owned", "--steps", "5", "--warm-up", "0",
                "--batch", "10",
            ])
        let row = try #require(try rows().first)
        #expect(row["model"] == "784-20-10")
        try expectTimes(row, ranks: 2, dense: false)
    }

    /// A convolution of 2·9 weights a map, 16 positions of 4 maps before 6 units; learned 0.5 are 4 of 9 and 8 of 16.
    @Test(arguments: [1, 2, 3])
    func stepsOfConvnet(ranks: Int) async throws {
        let options = [
            "run", "--job", "convnet", "--inputs", "2x8x8", "--layers",
            "conv 4 3 pad 1; pool 2; relu; full 6 columns 2; relu; dropout 0.5", "--batch", "12", "--exchange",
            "full,owned", "--steps", "10", "--warm-up", "2",
        ]
        try await measure(ranks: ranks, options + ["--learned", "1,0.5"])
        let said = try await measure(ranks: ranks, options + ["--learned", "0.5", "--window", "open"])
        #expect(said.output.contains("handed to MPI are those of the formula"), "\(said)")
        let rows = try rows(), cut = "2x8x8-c4.3p1-m2.2-f6j2-10"
        #expect(rows.map { $0["model"] } == [cut, cut, cut, cut, cut + "-open", cut + "-open"])
        let dense = [(4, 19), (6, 65), (10, 7)], predicted = [(4, 9), (6, 33), (10, 7)]
        for row in rows {
            let exchange = row["exchange"]!, isDense = row["learned"] == "1"
            try expectTimes(row, ranks: ranks, dense: isDense)
            #expect(row["job"] == "convnet" && row["columns"] == "1" && row["batch"] == "12", "\(row)")
            // An open filter that is expanded has 15×15 pixels.
            let open = [(4, 2 * 225 + 1), (6, 65), (10, 7)], isOpen = row["model"]!.hasSuffix("open")
            let full = isOpen ? open : dense
            let expected = Self.bytes(exchange, exchange == "full" || isDense ? full : predicted, ranks: ranks)
            #expect(
                row["payloadBytes"] == "\(expected.payload)" && row["wireBytes"] == "\(expected.wire)", "\(row)")
        }
    }

    @Test(arguments: [1, 2, 3])
    func evaluationsOfRICA(ranks: Int) async throws {
        let said = try await measure(
            ranks: ranks,
            [
                "run", "--job", "rica", "--inputs", "1x6x6", "--widths", "16", "--batch", "600", "--learned", "1,0.5",
                "--columns", "2",
                "--steps", "6", "--warm-up", "2",
            ])
        let rows = try rows()
        try #require(rows.map { $0["learned"] } == ["1", "0.5"])
        for (row, perUnit) in zip(rows, [36, 18]) {
            try expectTimes(row, ranks: ranks, dense: perUnit == 36)
            #expect(
                row["job"] == "rica" && row["model"] == "rica-6x6-16" && row["exchange"] == "l-bfgs"
                    && row["batch"] == "600")
            #expect(row["steps"] == "6")
            // An allgather of the values and a reduce-scatter of their gradient: N + (P−2)·n_max.
            let most = (0..<ranks).map { 16 * ($0 + 1) / ranks - 16 * $0 / ranks }.max()! * perUnit
            #expect(row["payloadBytes"] == "\(4 * 16 * perUnit)")
            #expect(row["wireBytes"] == "\(ranks == 1 ? 0 : 4 * (16 * perUnit + (ranks - 2) * most))", "\(row)")
        }
        #expect(said.output.contains("handed to MPI are those of the formula"), "\(said)")
        #expect(gains(said) == 1, "the predicted layer: \(said)")
    }

    @Test(arguments: [1, 2, 3])
    func bandwidthHasItsRows(ranks: Int) async throws {
        try await measure(ranks: ranks, ["bandwidth", "--max-bytes", "1000", "--sizes", "400,20", "--link", "test"])
        let rows = try rows()
        #expect(rows.map { $0["bytes"] } == [4, 16, 20, 64, 256, 400].flatMap { ["\($0)", "\($0)"] })
        for (number, row) in rows.enumerated() {
            func value(_ name: String) throws -> Double { try #require(Double(row[name] ?? ""), "\(name)") }
            #expect(
                row["algorithm"] == (number % 2 == 0 ? "mpi" : "ring") && row["link"] == "test"
                    && row["ranks"] == "\(ranks)")
            let spread = try ["min", "p50", "p99", "max"].map(value)
            #expect(spread == spread.sorted() && spread[0] >= 0, "\(spread)")
            // A bandwidth is written to a byte a second, a time to a nanosecond: half of one is much of what a rank
            // alone takes.
            let bytes = try value("bytes"), bandwidth = try value("algbw"), time = try value("p50"),
                nanosecond = 1.001e-9
            #expect(
                bytes / (bandwidth + 0.5) <= time + nanosecond / 2
                    && bytes / (bandwidth - 0.5) >= time - nanosecond / 2, "\(row)")
            #expect(try abs(value("busbw") - bandwidth * 2 * Double(ranks - 1) / Double(ranks)) <= 2)
            #expect(row["iterations"] == "1000")
        }
    }

    @Test(arguments: [
        (["run", "--exchange", "dynamic,fast"], "labels of full, dynamic, owned, owned-bfloat16, lowrankR"),
        (["run", "--exchange", "dynamic,fast"], "found 'fast'"), (["run", "--learned", "0.1,0"], "found '0'"),
        (["run", "--learned", ""], "--learned"), (["run", "--widths", "20,x"], "--widths"),
        (["run", "--widths", "0"], "--widths"),
        (["run", "--widths", "20,0"], "--widths"), (["run", "--widths", "20,-3"], "--widths"),
        (["run", "--batch", "0"], "--batch"), (["run", "--steps", "0"], "--steps"),
        (["run", "--warm-up", "-1"], "--warm-up"),
        (["run", "--columns", "9", "--widths", "8"], "--columns"), (["run", "--inputs", "3072"], "--inputs"),
        (["run", "--inputs", "1x4x4", "--dataset", "sample"], "--inputs"),
        (["run", "--dataset", "nothing"], "--dataset"),
        (["run", "--link", "a,b"], "--link"), (["run", "--csv", ""], "--csv"),
        (["run", "--threads", "0"], "--threads"),
        (["run", "--stall-after", "0"], "--stall-after"), (["run", "--mode", "both"], "--mode"),
        (["run", "--job", "perceptron"], "--job"),
        (["run", "--exchange", "average7"], "--steps: expected a multiple of the 7"),
        (["run", "--exchange", "lowrank4-fixed"], "'lowrank4-fixed'"),
        (["run", "--job", "rica", "--exchange", "owned"], "--exchange"),
        (["run", "--job", "convnet", "--widths", "20"], "--job convnet: its layers stand in --layers"),
        (["run", "--job", "convnet", "--layers", "conv 8"], "--layers: 'conv 8': expected a filter's rows"),
        (["run", "--job", "convnet", "--layers", "conv 8 5 learned 0.5"], "expected neither learned nor dictionary"),
        (["run", "--job", "convnet", "--layers", "conv 8 5; full 9 dictionary dct"], "found 0.5 of dct"),
        (["run", "--job", "convnet", "--inputs", "1x9x9", "--layers", "pool 10"], "expected windows that fit"),
        (["run", "--layers", "conv 8 5"], "--layers and --window: expected --job convnet, found mlp"),
        (["run", "--job", "rica", "--window", "open"], "expected --job convnet, found rica"),
        (["run", "--job", "rica", "--widths", "20,20"], "--widths"),
        (["run", "--job", "rica", "--inputs", "1x4x5"], "--inputs"), (["bandwidth", "--sizes", "8,6"], "found '6'"),
        (["bandwidth", "--max-bytes", "3"], "--max-bytes"), (["walk"], "walk"),
        (["bandwidth", "--max-bytes", "17179869185"], "--max-bytes"),
        (["bandwidth", "--sizes", "9223372036854775804"], "--sizes"),
        (["run", "--link", String(repeating: "x", count: 65)], "--link"),
        (["run", "--inputs", "10000x10000x2"], "--inputs"),
        (["run", "--widths", "8\(String(repeating: ",8", count: 16))"], "--widths: expected 1 to 16 layers, found 17"),
        (["run", "--batch", "9223372036854775807"], "--batch"), (["run", "--steps", "1000001"], "--steps"),
        (["run", "--seed", "2"], "--seed"),
    ])
    func wrongOptions(options: [String], said: String) async throws {
        let outcome = try await MPIRun(command: "scaling", arguments: options).run()
        #expect(outcome.code == 64 && outcome.error.contains(said), "\(outcome)")
    }

    @Test(arguments: [["--help"], ["run", "--help"], ["help", "bandwidth"], []])
    func helpIsPrintedOnce(options: [String]) async throws {
        let outcome = try await MPIRun(ranks: 2, command: "scaling", arguments: options).run()
        #expect(outcome.code == 0 && outcome.output.components(separatedBy: "OVERVIEW:").count == 2, "\(outcome)")
    }

    /// A billion samples of each of two ranks are more than a step has.
    @Test func samplesOfAllRanks() async throws {
        let options = Self.small + ["--mode", "weak", "--batch", "1000000000", "--csv", "\(folder.path)/table.csv"]
        let outcome = try await MPIRun(ranks: 2, command: "scaling", arguments: options).run()
        let says = "scaling: --batch: expected at most 1000000000 samples of all ranks, found 2000000000 with"
        #expect(outcome.code == 64 && outcome.error.contains(says), "\(outcome)")
    }

    @Test func aWrongOptionIsNamedOnce() async throws {
        let outcome = try await MPIRun(ranks: 2, command: "scaling", arguments: ["run", "--steps", "0"]).run()
        #expect(
            outcome.code == 64 && outcome.error.components(separatedBy: "--steps: expected").count == 2, "\(outcome)")
    }

    @Test func aFixedOrderHasShardsForEightRanks() async throws {
        let options = Self.small + ["--exchange", "owned,owned-fixed", "--csv", "\(folder.path)/table.csv"]
        let outcome = try await MPIRun(ranks: 9, command: "scaling", arguments: options).run()
        let lines = outcome.error.split(separator: "\n").filter { $0.hasPrefix("scaling: ") }
        #expect(outcome.code == 64 && lines.count == 1, "\(outcome)")
        #expect(
            lines.first?.contains(
                "--exchange owned-fixed: expected 1 to 8 ranks, one for each shard of the samples, found 9") == true)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/table.csv"))
    }

    /// Found before anything is measured, and said once; the file stays.
    @Test func aFileThatIsNoTable() async throws {
        let path = "\(folder.path)/table.csv"
        try Data("a,b\n1,2\n".utf8).write(to: URL(fileURLWithPath: path))
        let outcome = try await MPIRun(ranks: 2, command: "scaling", arguments: Self.small + ["--csv", path]).run()
        let lines = outcome.error.split(separator: "\n").filter { $0.hasPrefix("scaling: ") }
        #expect(outcome.code == 65 && lines.count == 1 && lines[0].contains("found a,b"), "\(outcome)")
        #expect(!outcome.output.contains("measured"))
        #expect(try folder.file("table.csv") == Data("a,b\n1,2\n".utf8))
    }
}
