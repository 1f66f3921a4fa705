import Foundation
import Scaling
import Storage
import TestSupport
import Testing

@Suite struct ScalingTableTests {
    private let net = WrittenScaling.Net(learned: 0.1, exchange: "dynamic-ring", payload: 3000)

    private func error(_ text: String) -> String? {
        do { _ = try ScalingTable(text: text, path: "t.csv") } catch let error as DataError {
            #expect(error.exitCode == 65)
            return error.message
        } catch { Issue.record("\(error)") }
        return nil
    }

    @Test func aRow() throws {
        var written = WrittenScaling()
        written.cores = 2
        written.add(net, ranks: 3, batch: 100, link: "100mbit", bitsPerSecond: 1e8)
        let row = try ScalingTable(text: written.text, path: "t.csv").rows[0]
        #expect(row.configuration.model == "net" && row.configuration.learned == 0.1 && row.configuration.columns == 10)
        #expect(row.configuration.exchange.label == "dynamic-ring" && row.configuration.exchange.algorithm == .ring)
        #expect(
            row.mode == .strong && row.ranks == 3 && row.oversubscribed && row.link == "100mbit" && row.batch == 100)
        #expect(row.samplesPerRank == 34, "34, 33, 33")
        #expect(row.payloadBytes == 3000 && row.wireBytes == 4000 && row.steps == 200)
        #expect(row.step.median == row.compute.median + row.wait.median + row.exchange.median && row.wait.median > 0)
        #expect(row.step.max == 3 * row.step.median)
    }

    /// By name, wherever they stand.
    @Test func columnsInAnyOrder() throws {
        var written = WrittenScaling()
        written.add(net, ranks: 2, batch: 100, link: "a", bitsPerSecond: 1e8)
        let turned = written.lines.map { "x," + $0.split(separator: ",").reversed().joined(separator: ",") }.joined(
            separator: "\n")
        let row = try ScalingTable(text: turned, path: "t.csv").rows[0]
        #expect(row.ranks == 2 && row.link == "a" && row.steps == 200)
    }

    /// Tables of programs that called two phases otherwise, and said no shapes.
    @Test func anOlderTable() throws {
        var written = WrittenScaling()
        written.add(net, ranks: 2, batch: 100, link: "a", bitsPerSecond: 1e8)
        let older = written.text.replacingOccurrences(of: "project_gradient_", with: "project_")
            .replacingOccurrences(of: "expand_", with: "rebuild_")
        #expect(older.contains("rebuild_median") && older.contains(",project_min"))
        let rows = try [older, written.text].map { try ScalingTable(text: $0, path: "t.csv").rows[0] }
        #expect(rows[0].expand == rows[1].expand && rows[0].projectGradient == rows[1].projectGradient)
        #expect(rows[0].expand.median > 0 && rows[0].configuration.layers.isEmpty)
    }

    /// A table that an older and a newer program wrote has one configuration, not two.
    @Test func olderAndNewerRowsAreOneConfiguration() throws {
        var written = WrittenScaling()
        for ranks in [1, 2] { written.add(net, ranks: ranks, batch: 100, link: "a", bitsPerSecond: 1e8) }
        let text = [written.lines[0] + ",layers", written.lines[1] + ",", written.lines[2] + ",5x100"].joined(
            separator: "\n")
        let rows = try ScalingTable(text: text, path: "t.csv").rows
        #expect(rows.count == 2 && Set(rows.map(\.configuration)).count == 1)
        #expect(rows.map(\.configuration.layers.count) == [0, 1])
    }

    /// Shapes of layers need no name of a model: units that ranks do not divide make a busiest rank.
    @Test func shapesOfLayers() throws {
        var written = WrittenScaling()
        written.add(net, ranks: 2, batch: 100, link: "a", bitsPerSecond: 1e8)
        func layers(_ text: String) -> String {
            written.lines[0] + ",layers\n" + written.lines[1].replacingOccurrences(of: "dynamic-ring", with: "owned")
                + ",\(text)\n"
        }
        let configuration = try ScalingTable(text: layers("5x100+3x10"), path: "t.csv").rows[0].configuration
        #expect(
            configuration.layers == [LayerShape(units: 5, valuesPerUnit: 100), LayerShape(units: 3, valuesPerUnit: 10)])
        // N + (P − 2)·n: two ranks' shares of 5 and of 3 units are 3 and 2 at most, three ranks' 2 and 1.
        #expect(configuration.wireBytes(payload: 4 * 530, ranks: 2) == 4 * 530)
        #expect(configuration.wireBytes(payload: 4 * 530, ranks: 3) == 4 * (530 + 210))
        #expect(try ScalingTable(text: layers(""), path: "t.csv").rows[0].configuration.layers.isEmpty)
        for text in ["5", "5x", "0x3", "5x100+", "-1x2", "5x1000000000001", "x", "5*3", "9223372036854775808x1"] {
            let message = error(layers(text))
            #expect(
                message?.contains(
                    "line 2: expected units x values of every layer, such as 500x79+10x501, as layers, found '\(text)'")
                    == true)
        }
        #expect(
            error(layers(Array(repeating: "1x1", count: 1001).joined(separator: "+")))?.contains("as layers, found")
                == true)
    }

    @Test func damagedTables() throws {
        var written = WrittenScaling()
        written.add(net, ranks: 2, batch: 100, link: "a", bitsPerSecond: 1e8)
        func changed(_ from: String, _ to: String) -> String {
            #expect(written.lines[1].contains(from))
            return written.lines[0] + "\n" + written.lines[1].replacingOccurrences(of: from, with: to) + "\n"
        }
        #expect(error("") == "t.csv: expected a row of measurements at least, found none: 'scaling run' adds them")
        #expect(error(written.lines[0] + "\n")?.contains("found none") == true)
        #expect(error("a,b\n1,2\n")?.hasPrefix("t.csv: line 1: expected a column 'exchange', found none") == true)
        for (from, to, says) in [
            ("strong", "hard", "line 2: expected strong or weak as mode, found 'hard'"),
            (
                "dynamic-ring", "carrier-pigeon",
                "an exchange such as owned, dynamic-ring or lowrank4 as exchange, found 'carrier-pigeon'"
            ),
            ("strong,2,", "strong,0,", "a whole number from 1 to 1000000 as ranks, found '0'"),
            ("false", "maybe", "true or false as oversubscribed, found 'maybe'"),
            ("mlp", "cnn", "mlp, convnet or rica as job, found 'cnn'"),
            (",0.1,10,", ",1.1,10,", "a proportion above 0, up to 1 as learned, found '1.1'"),
            (",0.1,10,", ",nan,10,", "found 'nan'"), (",200,", ",", "expected 45 cells, found 44"),
        ] {
            let message = error(changed(from, to))
            #expect(
                message?.hasPrefix("t.csv: line 2: ") == true && message?.contains(says) == true, "\(message ?? "none")"
            )
        }
        var cells = written.lines[1].split(separator: ",").map(String.init)
        cells[3] = "9"
        cells[10] = "owned-fixed"
        let order = error(written.lines[0] + "\n" + cells.joined(separator: ",") + "\n")
        #expect(
            order?.contains("line 2: expected a reproducible reduction on 8 ranks at most, found 9: ") == true,
            "\(order ?? "none")")
        (cells[3], cells[10], cells[20]) = ("2", "owned", "-1")
        let message = error(written.lines[0] + "\n" + cells.joined(separator: ",") + "\n")
        let says = "line 2: expected seconds, 0 or 0.000000001 to 1000000 as compute_median, found '-1'"
        #expect(message?.contains(says) == true, "\(message ?? "none")")
    }

    /// The line of `written` with other values in some columns.
    private func line(_ changes: [String: String]) throws -> String {
        var written = WrittenScaling()
        written.add(net, ranks: 2, batch: 100, link: "a", bitsPerSecond: 1e8)
        var cells = written.lines[1].split(separator: ",").map(String.init)
        for (column, value) in changes { cells[try #require(WrittenScaling.columns.firstIndex(of: column))] = value }
        return written.lines[0] + "\n" + cells.joined(separator: ",") + "\n"
    }

    /// Every number has bounds, which are those of the options, and beyond all machines where there is none.
    @Test(arguments: [
        (["ranks", "hosts", "steps", "columns"], "1 to 1000000"), (["batch"], "1 to 1000000000"),
        (["payloadBytes", "wireBytes", "peakBytes"], "0 to 1000000000000000"),
    ])
    func wholeNumbersAreBounded(columns: [String], bounds: String) throws {
        let above = String(Int(bounds.split(separator: " ").last!)! + 1)
        for column in columns {
            for found in ["-1", above, "9223372036854775807", "18446744073709551616", "1e3", "", "\u{0}", "nan"] {
                let message = error(try line([column: found]))
                let says = "t.csv: line 2: expected a whole number from \(bounds) as \(column), found '"
                #expect(message?.hasPrefix(says) == true, "\(column) \(found): \(message ?? "none")")
            }
        }
    }

    @Test(arguments: ["-1", "1e-10", "1000001", "1e308", "1e400", "inf", "nan", "", "0x", "9"])
    func secondsAreBounded(found: String) throws {
        let found = found == "9" ? String(repeating: found, count: 100_000) : found
        for column in ["step_median", "exchange_max"] {
            let message = error(try line([column: found]))
            let says = "line 2: expected seconds, 0 or 0.000000001 to 1000000 as \(column), found '"
            #expect(message?.contains(says) == true && message!.count < 300, "\(message ?? "none")")
        }
    }

    @Test(arguments: [
        (["hosts": "3"], "hosts up to the 2 of ranks, found 3"),
        (["mode": "weak", "batch": "101"], "as batch, where mode is weak, a multiple of the 2 ranks, found 101"),
        (["ranks": "1", "wireBytes": "4"], "0 as wireBytes of one rank, found 4"),
        (["step_p10": "9"], "min, p10, median, p90 and max of step in ascending order, found "),
        (["step_min": "0", "step_p10": "0", "step_median": "0"], "a step of more than 0 seconds, found 0.0"),
        (["model": "784-9223372036854775807-10"], "widths from 1 to 1000000000000 as model, found '784-92"),
        (["model": "784--10"], "widths from 1 to 1000000000000 as model, found '784--10'"),
        (
            ["model": "a\u{1B}[2J"],
            "1 to 144 letters, digits, dots, hyphens and underscores as model, found 'a\\u{1B}[2J'"
        ),
        (["link": ""], "1 to 64 letters, digits, dots, hyphens and underscores as link, found ''"),
        (["learned": "1e-400"], "a proportion above 0, up to 1 as learned, found '1e-400'"),
    ])
    func whatARowCannotSay(changes: [String: String], says: String) throws {
        let message = error(try line(changes))
        #expect(message?.hasPrefix("t.csv: line 2: expected \(says)") == true, "\(message ?? "none")")
        #expect(message?.hasSuffix(": take the line out, and measure again") == true, "\(message ?? "none")")
    }

    /// The most that every column can say makes a model, a plan and a forecast.
    @Test func theMostOfARow() throws {
        var rows: [ScalingTable.Row] = []
        for exchange in ["owned", "dynamic-ring", "full"] {
            for (ranks, shared) in [(1, "false"), (999_999, "false"), (1_000_000, "true")] {
                let bytes = "1000000000000000"
                let text = try line([
                    "model": "1000000000000-1000000000000-1000000000000", "ranks": "\(ranks)", "hosts": "\(ranks)",
                    "oversubscribed": shared, "batch": "1000000000", "steps": "1000000", "columns": "1000000",
                    "link": "1000000gbit", "exchange": exchange, "payloadBytes": bytes,
                    "wireBytes": ranks == 1 ? "0" : bytes, "peakBytes": bytes,
                    "exchange_max": "1000000", "exchange_p90": "1000000", "exchange_median": "1000000",
                ])
                rows += try ScalingTable(text: text, path: "t.csv").rows
            }
        }
        let model = CostModel(rows), network = Interconnect(name: "1kbit", bitsPerSecond: 1e3, latency: 1000)
        #expect(model.cores == 999_999)
        let plan = Plan(
            model, model.configurations, ranks: [1, 1_000_000], batch: 1_000_000_000, mode: .weak, on: network)
        #expect(plan.choices.count == 6 && plan.choices.allSatisfy { $0.time.total.isFinite && $0.time.total > 0 })
        #expect(plan.choices.map(\.batch).max() == 1_000_000_000_000_000)
        let forecast = Forecast(model, model.configurations, batchPerRank: 1_000_000_000, on: network)
        #expect(forecast.curves.count == 3 && forecast.curves.flatMap(\.efficiency).allSatisfy(\.isFinite))
    }

    /// Tables as spreadsheets write them are read.
    @Test func aMarkBeforeTheTextAndOtherEndsOfLines() throws {
        let text = "\u{FEFF}" + (try line([:])).replacingOccurrences(of: "\n", with: "\r\n")
        let row = try #require(try ScalingTable(text: text, path: "t.csv").rows.first)
        #expect(row.configuration.job == "mlp" && row.exchange.max > 0)
    }

    @Test func tooManyRows() throws {
        let one = try line([:]).split(separator: "\n")
        let text = one[0] + "\n" + String(repeating: one[1] + "\n", count: 10_001)
        let says = "expected at most 10000 rows and 200 configurations, found another: make a table of each model"
        #expect(error(String(text)) == "t.csv: line 10002: \(says)")
        let configurations = try (1...201).map { try line(["columns": "\($0)"]).split(separator: "\n")[1] + "\n" }
        #expect(error(one[0] + "\n" + configurations.joined()) == "t.csv: line 202: \(says)")
    }

    /// A wait counts on both sides: owners have it in their exchange.
    @Test func netGain() throws {
        var written = WrittenScaling()
        written.add(net, ranks: 2, batch: 100, link: "a", bitsPerSecond: 1e8)
        func row(wait: Double, exchange: Double) throws -> ScalingTable.Row {
            var cells = written.lines[1].split(separator: ",").map(String.init)
            for (first, value) in [(25, 0.001), (30, 0.002), (35, wait), (40, exchange)] {
                cells.replaceSubrange(first..<first + 5, with: [String](repeating: "\(value)", count: 5))
            }
            return try ScalingTable(text: written.lines[0] + "\n" + cells.joined(separator: ",") + "\n", path: "t.csv")
                .rows[0]
        }
        let gain = try row(wait: 0, exchange: 0.25).times.netGain(over: row(wait: 0.125, exchange: 0.5).times)
        #expect(abs(gain - 0.372) < 1e-12)
    }

    @Test func aFileThatIsNotThere() throws {
        do {
            _ = try ScalingTable.read("/none/scaling.csv")
            Issue.record("expected an error")
        } catch let error as DataError {
            #expect(error.message.hasPrefix("/none/scaling.csv: expected the table") && error.exitCode == 65)
        }
        do {
            _ = try ScalingTable.read("/dev/zero")
            Issue.record("expected an error")
        } catch let error as DataError {
            #expect(error.message.contains("found a folder, a pipe or a device of that name: run it first"), "\(error)")
        }
    }

    @Test func stepsToTarget() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("colonnade-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        func read(_ text: String) throws -> StepsToTarget {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            return try StepsToTarget(path: path)
        }
        let steps = try read("seed,exchange,learned,steps\n1,owned,0.1,2000\n\n1,full,1,1500.5\n")
        func of(_ learned: Double, _ label: String) throws -> Double? {
            steps.of(
                Configuration(
                    job: "mlp", model: "any", learned: learned, columns: 3,
                    exchange: try #require(ExchangeMethod(label))))
        }
        #expect(try of(0.1, "owned") == 2000)
        #expect(try of(1, "full") == 1500.5)
        #expect(try of(1, "owned") == nil)
        for (text, says) in [
            ("", "line 1: expected columns 'learned', 'exchange' and 'steps', found ''"),
            ("learned,exchange,steps\n0.1,owned\n", "line 2: expected 3 values, found '0.1,owned'"),
        ] + [
            "0.1,owned,0", "x,owned,5", "nan,owned,5", "-1,owned,5", "2,owned,5", "0.1,owned,nan", "0.1,owned,1e13",
            "0.1,owned,1e-308",
        ].map({
            (
                "learned,exchange,steps\n\($0)\n",
                "line 2: expected a proportion above 0, up to 1, and 1 to 1e12 steps, found '\($0)'"
            )
        }) {
            do {
                _ = try read(text)
                Issue.record("expected an error: \(text)")
            } catch let error as DataError { #expect(error.message.hasPrefix("\(path): \(says)"), "\(error)") }
        }
    }

    @Test(arguments: [
        ("full", 2, 2.0), ("full", 5, 6), ("dynamic-ring", 5, 8), ("owned", 5, 5), ("owned-bfloat16", 4096, 4096),
        ("lowrank1-full", 4, 8),
        ("average10", 8, 0.6), ("l-bfgs", 4, 8), ("dynamic", 1, 0), ("dynamic-fixed", 5, 5),
    ])
    func hops(label: String, ranks: Int, hops: Double) throws {
        #expect(abs(try #require(ExchangeMethod(label)).hops(ranks: ranks) - hops) < 1e-12)
    }

    @Test(arguments: ["", "none", "lowrank", "lowrank0", "average", "-ring", "l-bfgs-fixed", "owned-ring"])
    func unknownLabels(label: String) { #expect(ExchangeMethod(label) == nil) }

    /// The formula of owners, N + (P − 2)·n, by the shapes: a tenth of the inputs of a hidden unit, with a bias.
    @Test(arguments: [2, 3, 4, 16, 1000], [[784, 500, 500, 10], [784, 333, 96, 10]])
    func bytesOfOwners(ranks: Int, widths: [Int]) throws {
        let hidden = widths.count - 2, softmax = (units: widths[hidden + 1], values: widths[hidden] + 1)
        let layers = (0..<hidden).map { (units: widths[$0 + 1], values: widths[$0] / 10 + 1) } + [softmax]
        func most(_ units: Int) -> Int { (units + ranks - 1) / ranks }
        let values = layers.reduce(0) { $0 + $1.units * $1.values }
        let busiest = values + (ranks - 2) * layers.reduce(0) { $0 + most($1.units) * $1.values }
        // One proportion p is found for all hidden layers, where int() has taken δ of the n_v/10 values of a unit: p =
        // 0.1 − Σn_hδ/Σn_h·n_v, and a unit is taken for δ − n_v·Σn_hδ/Σn_h·n_v values too many, the
        // larger of both at most. A byte is for rounding in Double.
        var takenOfAll = 0.0, weights = 0.0, off = 0.0
        func taken(_ l: Int) -> Double { Double(widths[l] % 10) / 10 }
        for l in 0..<hidden {
            takenOfAll += Double(widths[l + 1]) * taken(l)
            weights += Double(widths[l + 1] * widths[l])
        }
        for l in 0..<hidden {
            off += Double(most(widths[l + 1])) * max(taken(l), Double(widths[l]) * takenOfAll / weights)
        }
        for (label, size) in [("owned", 4.0), ("owned-bfloat16", 2)] {
            let wire = try configuration(widths, label).wireBytes(payload: size * Double(values), ranks: ranks)
            #expect(abs(wire - size * Double(busiest)) <= size * Double(ranks - 2) * off + 1, "\(wire) \(busiest)")
        }
    }

    private func configuration(_ widths: [Int], _ label: String) throws -> Configuration {
        Configuration(
            job: "mlp", model: widths.map(String.init).joined(separator: "-"), learned: 0.1, columns: 10,
            exchange: try #require(ExchangeMethod(label)))
    }

    /// k parts of the sum, then the own values to all: k·(N − n) + (P − 1)·n. Of three ranks one holds shards 2,
    /// 3 and 4, so two nodes of the tree, of five one shards 1 and 2, of six none more than a pair of siblings; widths
    /// that the ranks divide.
    @Test(arguments: [(2, 1), (3, 2), (5, 2), (6, 1), (8, 1)])
    func bytesOfAFixedOrder(ranks: Int, parts: Int) throws {
        let payload = 4.0 * (240 * 25 + 120 * 241), n = payload / Double(ranks)
        for label in ["owned-fixed", "dynamic-fixed"] {
            let wire = try configuration([240, 240, 120], label).wireBytes(payload: payload, ranks: ranks)
            #expect(abs(wire - (Double(parts) * (payload - n) + Double(ranks - 1) * n)) < 1)
        }
    }

    @Test func bytesWithoutShapes() throws {
        func bytes(_ model: String, _ label: String) throws -> Double {
            Configuration(
                job: "mlp", model: model, learned: 0.1, columns: 10, exchange: try #require(ExchangeMethod(label))
            )
            .wireBytes(payload: 1000, ranks: 4)
        }
        #expect(try bytes("net", "owned") == 1500)
        #expect(try bytes("784-500-500-10", "dynamic") == 1500)
        #expect(try bytes("784-500-500-10", "owned") == 1500, "fewer values than its softmax layer has: another net")
        let alone = Configuration(
            job: "mlp", model: "net", learned: 1, columns: 1, exchange: try #require(ExchangeMethod("full")))
        #expect(alone.wireBytes(payload: 1000, ranks: 1) == 0)
    }

    @Test func theBaseline() throws {
        func one(_ job: String, _ learned: Double, _ label: String) throws -> Configuration {
            Configuration(
                job: job, model: "net", learned: learned, columns: learned < 1 ? 10 : 1,
                exchange: try #require(ExchangeMethod(label)))
        }
        let dense = try one("mlp", 1, "full"), full = try one("mlp", 0.1, "full-ring"),
            owned = try one("mlp", 0.1, "owned")
        let all = [dense, full, owned, try one("mlp", 0.1, "full-fixed")]
        #expect(
            owned.baseline(among: all) == full && full.baseline(among: all) == nil && dense.baseline(among: all) == nil)
        #expect(all[3].baseline(among: all) == full && owned.baseline(among: [dense, owned]) == nil)
        let rica = try [one("rica", 1, "l-bfgs"), one("rica", 0.1, "l-bfgs")]
        #expect(rica[1].baseline(among: all + rica) == rica[0] && rica[0].baseline(among: all + rica) == nil)
    }

    @Test func ratesAndTimes() {
        #expect(
            Interconnect.rate("100mbit") == 1e8 && Interconnect.rate("2.5Gbit/s") == 2.5e9
                && Interconnect.rate("500kbit") == 5e5)
        for text in [
            "", "local", "mbit", "1e3mbit", "10 mbit", "0gbit", "1.2.3gbit", "10gb", "0.9kbit", "1000001gbit",
        ] {
            #expect(Interconnect.rate(text) == nil, "\(text)")
        }
        #expect(
            Interconnect.seconds("0.1ms") == 0.1e-3 && Interconnect.seconds("50us") == 50 * 1e-6
                && Interconnect.seconds("0s") == 0)
        for text in ["", "5", "ms", "-1ms", "1m", "1001s"] { #expect(Interconnect.seconds(text) == nil, "\(text)") }
    }
}
