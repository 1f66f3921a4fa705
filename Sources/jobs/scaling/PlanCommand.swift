import ArgumentParser
import Foundation
import JobSupport
import Reports
import Scaling

/// A rate as the command line has it: `100mbit`.
struct Bandwidth: ExpressibleByArgument {
    let text: String
    let bitsPerSecond: Double

    init?(argument: String) {
        guard let rate = Interconnect.rate(argument) else { return nil }
        (text, bitsPerSecond) = (argument, rate)
    }
}

/// A time as the command line has it: `0.1ms`.
struct Latency: ExpressibleByArgument {
    let seconds: Double

    init?(argument: String) {
        guard let seconds = Interconnect.seconds(argument) else { return nil }
        self.seconds = seconds
    }
}

/// `scaling plan`: which proportion, exchange and rank count finish soonest on a network that the user has.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say which proportion, exchange and rank count finish soonest on your network.",
        discussion: """
            Fits a cost model to the measurements of 'scaling run' (docs/costmodel.md) and predicts a step of every \
            configuration in
            the table. One process: not for mpirun.
            Exit codes: 0 done, 64 wrong options, 65 a table that is missing or damaged.
            """)

    @Option(help: ArgumentHelp("The table that 'scaling run' made.", valueName: "file"))
    var table = "runs/scaling/scaling.csv"
    @Option(
        help: ArgumentHelp(
            "The rate of a link of your network, from 1kbit to 1000000gbit: 100mbit, 1gbit. That of a link in the "
                + "table is predicted from its rows.", valueName: "rate"))
    var bandwidth: Bandwidth
    @Option(
        help: ArgumentHelp(
            "The time of an empty message between programs that have a core each, up to 1000s: 50us, 0.1ms. "
                + "(default: as measured on the table's links, else 0.05ms)", valueName: "time"))
    var latency: Latency?
    @Option(help: ArgumentHelp("The rank counts to choose from.", valueName: "n,n"))
    var ranks = "1,2,4,8,16"
    @Option(help: ArgumentHelp("The model, by its name in the table. (default: the only one there)", valueName: "name"))
    var model: String?
    @Option(
        help: ArgumentHelp(
            "Samples a step, of all ranks; with --mode weak of a rank. (default: that of most of the table's rows)",
            valueName: "n"))
    var batch: Int?
    @Option(help: ArgumentHelp("Whether the batch of all ranks or that of a rank is fixed.", valueName: "strong|weak"))
    var mode = BatchMode.strong
    @Option(
        help: ArgumentHelp(
            "A CSV table with columns learned, exchange and steps: the steps that each needs to an error of your "
                + "choice. (default: a step counts as a step)",
            valueName: "file"))
    var stepsToTarget: String?
    @Flag(help: "Ranks share cores as in the table's oversubscribed rows. (default: a core to each rank)")
    var oversubscribed = false

    func validate() throws {
        try check(batch, "--batch", "1 to 1000000000 samples") { ScalingTable.batch.contains($0) }
        _ = try rankCounts
    }

    /// Each once, ascending.
    private var rankCounts: [Int] {
        get throws {
            let counts = try list(ranks, "--ranks", "rank counts from 1 to 1000000") { text in
                Int(text).flatMap { ScalingTable.ranks.contains($0) ? $0 : nil }
            }
            return Set(counts).sorted()
        }
    }

    func run() throws {
        let all = try ScalingTable.read(table).rows, rows = try rowsOfModel(all), model = fit(all)
        if !oversubscribed, rows.allSatisfy(\.oversubscribed) {
            throw OptionError(
                "\(table): expected rows of ranks with a core each, found oversubscribed ones only: measure some, or "
                    + "plan for shared cores with --oversubscribed")
        }
        if oversubscribed, model.cores == nil {
            throw OptionError(
                "--oversubscribed: expected rows of ranks that share cores, found none in \(table): leave it out")
        }
        let configurations = model.configurations.filter { one in rows.contains { $0.configuration == one } }
        let steps = try stepsToTarget.map { try StepsToTarget(path: $0) }, batch = batch ?? usualBatch(rows)
        // A rate that was measured, however it is written; that way first, and rows of the kind that is asked for.
        let links = (all.filter { $0.oversubscribed == oversubscribed } + all).map(\.link)
        let measured =
            links.contains(bandwidth.text)
            ? bandwidth.text : links.first { Interconnect.rate($0) == bandwidth.bitsPerSecond }
        let network = Interconnect(
            name: measured ?? bandwidth.text, bitsPerSecond: bandwidth.bitsPerSecond, latency: latency?.seconds)
        let plan = Plan(
            model, configurations, ranks: try rankCounts, batch: batch, mode: mode, on: network,
            oversubscribed: oversubscribed, stepsToTarget: steps.map { steps in { steps.of($0) } })
        guard !plan.choices.isEmpty else {
            throw OptionError(
                "expected a configuration that the table tells enough of, found none: measure two ranks at least"
                    + (steps == nil ? "" : ", and compare learned and exchange of --steps-to-target with the table"))
        }
        let validation = crossValidate(all).filter { $0.row.configuration.model == rows[0].configuration.model }
        let error90 = CrossValidation.error90(validation)
        let samples = "batch \(batch) \(mode == .strong ? "of all ranks" : "of a rank")"
        let cores = oversubscribed ? "; ranks share \(model.cores!) core\(model.cores! == 1 ? "" : "s")" : ""
        print("model      \(rows[0].configuration.model), \(samples), \(rows.count) rows of \(table)")
        print("network    \(bandwidth.text), \(latencyText(model, network))\(cores)")
        if let error90 {
            print(
                "error      \(String(format: "± %.0f %%", 100 * error90)) for nine of ten of \(validation.count) "
                    + "predictions by models without a row's rank count or link")
        } else {
            print("error      unknown: measure a second link or a third rank count to have some left out")
        }
        print("")
        printTable(plan, measured: rows.map(\.ranks).max()!)
        print("")
        print(plan.answer(error90: error90))
    }

    private func rowsOfModel(_ all: [ScalingTable.Row]) throws -> [ScalingTable.Row] {
        let names = Set(all.map(\.configuration.model)).sorted(by: inNaturalOrder)
        guard let name = model ?? (names.count == 1 ? names[0] : nil), names.contains(name) else {
            throw OptionError("--model: expected one of \(names.joined(separator: ", ")), found \(model ?? "none")")
        }
        return all.filter { $0.configuration.model == name }
    }

    /// That of most rows of the mode; of all where it has none.
    private func usualBatch(_ rows: [ScalingTable.Row]) -> Int {
        let own = rows.filter { $0.mode == mode }
        let counts = Dictionary(grouping: own.isEmpty ? rows : own) { mode == .strong ? $0.batch : $0.samplesPerRank }
        return counts.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }!.key
    }

    private func latencyText(_ model: CostModel, _ network: Interconnect) -> String {
        let latency = model.latency(on: network, oversubscribed: oversubscribed)
        let source =
            switch latency.source {
            case .given: ""
            case .measured: ", as measured on that link"
            case .neighbour(let link): ", as measured on \(link)"
            case .assumed: " and the whole rate assumed, since no link of the table has a rate for its name"
            }
        return String(format: "latency %.3g µs", 1e6 * latency.seconds)
            + (oversubscribed ? " with a core of one's own" : "") + source
    }

    private func printTable(_ plan: Plan, measured: Int) {
        let seconds = plan.choices.contains { $0.steps != nil }
        let header = ["rank count", "ms a step", "compute", "expand", "project gradient", "exchange", "samples/s"]
            + (seconds ? ["s to target"] : [])
        let rows = plan.choices.map { choice in
            let time = choice.time,
                parts = [time.total, time.compute, time.expand, time.projectGradient, time.exchange]
            return ["\(choice.ranks)\(choice.ranks > measured ? "*" : "")"]
                + parts.map { String(format: "%.3f", 1000 * $0) }
                + [String(format: "%.0f", choice.samplesPerSecond)]
                + (choice.secondsToTarget.map { [String(format: "%.1f", $0)] } ?? [])
        }
        let labels = ["configuration"] + plan.choices.map(plan.label)
        for (line, label) in zip(aligned([header] + rows), labels) { print("\(line)  \(label)") }
        if plan.choices.contains(where: { $0.ranks > measured }) { print("* more ranks than were measured") }
    }
}
