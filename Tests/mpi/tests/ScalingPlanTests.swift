import Foundation
import TestSupport
import Testing

/// `scaling plan` as a process, on the table of a machine that keeps to the cost model.
@Suite struct ScalingPlanTests {
    private let folder: RunFolder
    private let written: WrittenScaling
    private static let counts = [1, 2, 4, 8]

    /// Each with another fixed time, so that no two take as long; of the first two the one that learns less is sooner
    /// on slow links.
    private static let nets: [(net: WrittenScaling.Net, label: String)] = {
        var nets = [
            (WrittenScaling.Net(learned: 0.05, exchange: "owned", payload: 32_000), "learned 0.05, owned"),
            (WrittenScaling.Net(learned: 0.1, exchange: "owned", payload: 64_000), "learned 0.1, owned"),
            (WrittenScaling.Net(learned: 0.1, exchange: "dynamic-ring", payload: 64_000), "learned 0.1, dynamic-ring"),
            (WrittenScaling.Net(learned: 1, exchange: "full", payload: 640_000), "dense, full"),
        ]
        for k in nets.indices { nets[k].0.fixed = 0.001 + 0.0001 * Double(k) }
        (nets[3].0.expand, nets[3].0.projectGradient) = (0, 0)
        return nets
    }()

    init() throws {
        folder = try RunFolder()
        var written = WrittenScaling()
        for (net, _) in Self.nets {
            for (link, rate) in [("100mbit", 1e8), ("1gbit", 1e9)] {
                for ranks in [1, 2, 4] { written.add(net, ranks: ranks, batch: 400, link: link, bitsPerSecond: rate) }
            }
        }
        self.written = written
        try write(written.text, to: "scaling.csv")
    }

    private func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"))
    }

    private func plan(_ options: [String], table: String = "scaling.csv") async throws -> MPIRun.Outcome {
        try await MPIRun(command: "scaling", arguments: ["plan", "--table", "\(folder.path)/\(table)"] + options).run()
    }

    /// Every configuration at every rank count by the machine's own law, `4  learned 0.1, owned`, the soonest first.
    ///
    /// - Parameter steps: by label; nil: a step counts as a step, and those without steps are left out.
    private func byLaw(bitsPerSecond: Double, steps: [String: Double]? = nil) -> [String] {
        Self.nets.flatMap { net, label in
            Self.counts.compactMap { ranks -> (String, Double)? in
                let time = written.times(net, ranks: ranks, batch: 400, bitsPerSecond: bitsPerSecond).reduce(0, +)
                guard let count = steps == nil ? 1 : steps![label] else { return nil }
                return ("\(ranks)\(ranks > 4 ? "*" : "")  \(label)", count * time)
            }
        }.sorted { $0.1 < $1.1 }.map(\.0)
    }

    /// The same of the table that was printed.
    private func order(_ outcome: MPIRun.Outcome) -> [String] {
        outcome.output.split(separator: "\n").compactMap { line in
            line.wholeMatch(of: /\s*([0-9]+\*?)(?:\s+[0-9.]+)+  ([a-z].*)/).map { "\($0.1)  \($0.2)" }
        }
    }

    /// At rates between and outside of those measured; at the slowest one rank is sooner than many.
    @Test(arguments: [("300mbit", 3e8, "1gbit"), ("2gbit", 2e9, "1gbit"), ("1mbit", 1e6, "100mbit")])
    func theSoonestByTheLawComesFirst(rate: String, bitsPerSecond: Double, neighbour: String) async throws {
        let outcome = try await plan(["--bandwidth", rate, "--ranks", "8,4,2,1", "--model", "net"])
        #expect(outcome.code == 0 && outcome.error.isEmpty, "\(outcome)")
        let expected = byLaw(bitsPerSecond: bitsPerSecond)
        #expect(order(outcome) == expected, "\(outcome)")
        let best = expected[0].split(separator: " ", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        let ranks = best[0].prefix { $0.isNumber }
        #expect(
            outcome.output.contains("Soonest: \(best[1]) on \(ranks) rank\(ranks == "1" ? "" : "s"), "), "\(outcome)")
        #expect(outcome.output.contains("latency 100 µs, as measured on \(neighbour)\n"), "\(outcome)")
    }

    @Test func stepsToTargetChangeTheOrder() async throws {
        let options = ["--bandwidth", "300mbit", "--ranks", "1,2,4,8"]
        let perStep = try await plan(options)
        let steps = ["learned 0.05, owned": 9000.0, "learned 0.1, owned": 2000, "dense, full": 1500]
        try write("learned,exchange,steps\n0.05,owned,9000\n0.1,owned,2000\n1,full,1500\n", to: "steps.csv")
        let toTarget = try await plan(options + ["--steps-to-target", "\(folder.path)/steps.csv"])
        #expect(order(toTarget) == byLaw(bitsPerSecond: 3e8, steps: steps), "\(toTarget)")
        #expect(
            order(perStep)[0].hasSuffix("learned 0.05, owned") && order(toTarget)[0].hasSuffix("learned 0.1, owned"),
            "\(toTarget)")
        #expect(toTarget.output.contains(" s to the target") && !perStep.output.contains("target"), "\(perStep)")
    }

    /// Where the latency is from: the user, that link, others, or nowhere.
    @Test func whatIsSaidOfTheLatency() async throws {
        #expect(
            try await plan(["--bandwidth", "300mbit", "--latency", "7us"]).output.contains(
                "network    300mbit, latency 7 µs\n"))
        #expect(
            try await plan(["--bandwidth", "1gbit"]).output.contains(
                "network    1gbit, latency 100 µs, as measured on that link\n"))
        // The same link, written in another way, has the same latency.
        #expect(
            try await plan(["--bandwidth", "1000Mbit/s"]).output.contains(
                "network    1000Mbit/s, latency 100 µs, as measured on that link\n"))
        try write(written.text.replacing("100mbit", with: "slow").replacing("1gbit", with: "fast"), to: "named.csv")
        let assumed = try await plan(["--bandwidth", "1gbit"], table: "named.csv")
        #expect(
            assumed.output.contains(
                "latency 50 µs and the whole rate assumed, since no link of the table has a rate for its name\n"),
            "\(assumed)")
    }

    /// Rank counts of a table that no array has room for, and the largest that is taken, whose numbers of cores are not
    /// all tried.
    @Test(
        .timeLimit(.minutes(5)),
        arguments: [("9223372036854775807", Int32(65)), ("100000000000", 65), ("1000000001", 65), ("1000000", 0)])
    func rankCountsOfATable(ranks: String, code: Int32) async throws {
        var cells = written.lines[2].split(separator: ",").map(String.init)
        (cells[3], cells[5]) = (ranks, "true")
        try write(written.text + cells.joined(separator: ",") + "\n", to: "huge.csv")
        let outcome = try await plan(["--bandwidth", "1gbit", "--ranks", "1,1000000"], table: "huge.csv")
        let number = written.lines.count + 1
        let place = "scaling: \(folder.path)/huge.csv: line \(number): "
        let says = code == 0 ? "" : place + "expected a whole number from 1 to 1000000 as ranks, found '\(ranks)'"
        #expect(outcome.code == code && outcome.error.hasPrefix(says), "\(outcome)")
        #expect(outcome.output.contains("Soonest: ") == (code == 0), "\(outcome)")
    }

    /// One line of its own: the file or the option, what was expected, what was found.
    @Test(arguments: [
        (["--bandwidth", "1gbit", "--table", "none.csv"], Int32(65),
         "scaling: none.csv: expected the table that 'scaling run' writes, found none"),
        (["--bandwidth", "1gbit", "--model", "784-10"], 64, "scaling: --model: expected one of net, found 784-10"),
        (
            ["--bandwidth", "1gbit", "--steps-to-target", "none.csv"], 65,
            "scaling: none.csv: expected a table of steps, found no such file"
        ),
        (["--bandwidth", "1gbit", "--oversubscribed"], 64,
         "scaling: --oversubscribed: expected rows of ranks that share cores, found none"),
        (["--bandwidth", "100mb"], 64, "Error: The value '100mb' is invalid for '--bandwidth <rate>'"),
        (
            ["--bandwidth", "1gbit", "--ranks", "1,0"], 64,
            "Error: --ranks: expected rank counts from 1 to 1000000, found '0'"
        ),
        (["--bandwidth", "1gbit", "--batch", "1000000001"], 64, "Error: --batch: expected 1 to 1000000000 samples"),
        (
            ["--bandwidth", "1gbit", "--ranks", "9223372036854775807"], 64,
            "Error: --ranks: expected rank counts from 1 to 1000000"
        ),
        (["--bandwidth", "\(String(repeating: "9", count: 30))gbit"], 64, "Error: The value '9"),
        (["--bandwidth", "1gbit", "--latency", "1001s"], 64, "Error: The value '1001s' is invalid for '--latency"),
        ([], 64, "Error: Missing expected argument '--bandwidth <rate>'"),
    ])
    func badInput(options: [String], code: Int32, said: String) async throws {
        let outcome = try await plan(options)
        let lines = outcome.error.split(separator: "\n").filter { $0.hasPrefix("scaling: ") || $0.hasPrefix("Error: ") }
        #expect(
            outcome.code == code && outcome.output.isEmpty && lines.count == 1 && lines[0].hasPrefix(said), "\(outcome)"
        )
    }
}
