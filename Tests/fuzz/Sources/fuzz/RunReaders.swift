import DataParallel
import Foundation
import Layers
import Reports
import Storage

@testable import Runs
@testable import Scaling

private let record = """
    {"job":"mlp","settings":{"dataset":"sample","seed":"1","learned":"0.025","dictionary":"se,emp","widths":"50,10"},\
    "environment":{"data":"d"},"ranks":2,"hosts":["a","b"],"versions":{"mpi":"x"},"id":"0123456789abcdef",\
    "starts":[{"time":"2026-11-29T14:00:00Z","ranks":2,"hosts":["a","b"],"slurmJob":"7"}]}
    """

private func result() throws -> Data {
    var result = RunResult(
        run: nil, dynamicParameters: 16, learnedParameters: 22, fullParameters: 642, denseParameters: 650,
        proportion: 0.025, bytesPerStep: 88, wireBytesPerStep: 0, computePath: "reduced")
    (result.accuracy, result.error, result.folds, result.coverage) = (0.75, 0.25, [0.5, 1], [0.5])
    (result.secondsPerStep, result.steps, result.objective, result.chosen) = (0.5, 3, 0.25, ["sigma": "1"])
    return try result.json()
}

private let jsonWords = [
    "null", "true", "1e400", "-1", "0.5", "9223372036854775808", "\\u0000", "\\n", "\\ud800", "[]", "{}", "\"\"",
]

/// Reads the runs as a report does, and compares them with another.
private func report(_ folders: [String]) throws {
    let runs = try folders.compactMap(FinishedRun.read)
    guard !runs.isEmpty else { return }
    let comparison = Comparison(runs)
    _ = (comparison.common, comparison.usual, comparison.differingOfRuns, comparison.denseOfFullSize)
    for (series, group) in comparison.selection(atMost: 1) { _ = series.label(of: group) }
    for group in comparison.groups { _ = (group.meanError, group.halfInterval, group.secondsPerStep, group.coverage) }
}

/// Two run directories, of which the first holds what is read.
private func runFolders(_ folder: Folder) throws -> Folder {
    for name in ["run", "other"] {
        let run = try Folder(folder.file(name))
        run.write("run.json", record)
        run.write("result.json", try result())
    }
    return try Folder(folder.file("run"))
}

/// An input is run.json: it is read by a report, and by a run that is started in its directory.
func runReader(_ folder: Folder) throws -> Reader {
    let run = try runFolders(folder)
    let started = try Folder(folder.file("started"))
    let own = try JSONDecoder().decode(RunRecord.self, from: Data(record.utf8))
    let words =
        jsonWords + [
            "\"job\":", "\"settings\":", "\"environment\":", "\"circumstances\":", "\"ranks\":", "\"hosts\":",
            "\"versions\":", "\"id\":", "\"starts\":", "\"dataset\":", "\"dense\":\"true\",", "\"learned\":",
        ]
    // The first start makes what the process keeps.
    let memory = Memory(factor: 128, always: 256 << 10)
    return Reader(longest: 2048, seeds: [Array(record.utf8)], words: words) { bytes in
        run.write("run.json", bytes)
        memory.watch(bytes.count) { try report([run.path, folder.file("other")]) }
        // To start a run takes long: other text, which it refuses in one way, and most records are spared it.
        let isRecord = (try? decodeJSON(RunRecord.self, from: bytes)) != nil
        guard checksum(bytes) % (isRecord ? 8 : 64) == 0 else { return }
        started.write("run.json", bytes)
        let opening = memory.watch(bytes.count) {
            let directory = RunDirectory(path: started.path)
            defer { directory.close() }
            return try directory.open(own)
        }
        guard case .open(let id) = opening else { return }
        expect(id.utf8.count == RunRecord.idLength, "the id \(id)")
    }
}

/// An input is the lock of a run directory that nobody has touched for an hour, so that it is taken over.
func lockReader(_ folder: Folder) throws -> Reader {
    let path = folder.file("lock")
    let seed = """
        {"host":"a","kernel":"7f4d pid:[4026531836]","process":12,"started":"345","time":"2026-11-29T14:00:00Z",\
        "slurmJob":"7","restarts":1}
        """
    let words = jsonWords + ["\"host\":", "\"kernel\":", "\"process\":", "\"slurmJob\":", "\"restarts\":"]
    let memory = Memory(factor: 128, always: 256 << 10)
    let own = RunLock.Holder.own(on: "a")
    let hourAgo = timeval(tv_sec: time(nil) - 3600, tv_usec: 0)
    return Reader(longest: 512, seeds: [Array(seed.utf8)], words: words) { bytes in
        folder.write("lock", bytes)
        let holder = memory.watch(bytes.count) { try RunLock.holder(path) }??.holder
        if let reason = holder?.isGone(before: own) { expectLine(reason) }
        // To take a lock takes long.
        guard checksum(bytes) % 64 == 0 else { return }
        precondition(utimes(path, [hourAgo, hourAgo]) == 0)
        var warnings: [String] = []
        let lock = memory.watch(bytes.count) {
            try RunLock(folder.path, host: "b", settling: 0) { warnings.append($0) }
        }
        for warning in warnings { expectLine(warning) }
        expect(lock == nil || warnings.count == 1, "taken over with \(warnings.count) warnings")
    }
}

/// An input is result.json.
func resultReader(_ folder: Folder) throws -> Reader {
    let run = try runFolders(folder)
    let path = run.file("result.json")
    let seed = [UInt8](try result())
    let words =
        jsonWords + [
            "\"run\" : \"0123456789abcdef\",", "\"error\" :", "\"accuracy\" :", "\"folds\" :", "\"chosen\" :",
            "\"coverage\" :", "\"steps\" :", "\"peakBytes\" :", "\"seconds\" :",
        ]
    return Reader(longest: 2048, seeds: [seed], words: words) { bytes in
        run.write("result.json", bytes)
        Memory.ofText.watch(bytes.count) { try report([run.path, folder.file("other")]) }
        var other = RunResult(
            run: nil, dynamicParameters: 0, learnedParameters: 0, fullParameters: 0, proportion: 0, bytesPerStep: 0,
            wireBytesPerStep: 0, computePath: "")
        Memory.ofText.watch(bytes.count) { other.keepLearning(from: path) }
    }
}

/// An input is metrics.csv.
func metricsReader(_ folder: Folder) throws -> Reader {
    let metrics = Metrics(capacity: 2)
    for step in 1...2 {
        metrics.append(
            Metrics.Row(
                step: step, epoch: 1, objective: 0.5, error: 0.25, seconds: 1.5, steps: 3, times: .init(), bytes: 88))
    }
    let words = ["seconds", "objective", "\r\n", "\u{FEFF}", "nan", "inf", "1e400", "0x1p3", "-0", ",,"]
    let seeds = [metrics.table, "seconds,objective\n1,2\n3,4\n"].map { Array($0.utf8) }
    return Reader(longest: 2048, seeds: seeds, words: words) { bytes in
        folder.write("metrics.csv", bytes)
        guard let curve = Memory.ofText.watch(bytes.count, { try TrainingCurve.read(folder.path) }) ?? nil else {
            return
        }
        let count = curve.seconds.count
        expect(count == filledLines(bytes) - 1 && curve.objective.count == count, "\(count) rows were read")
        expect(curve.seconds.allSatisfy { $0 >= 0 } && curve.objective.allSatisfy(\.isFinite), "a number that is none")
    }
}

private let scalingColumns =
    [
        "job", "model", "mode", "ranks", "hosts", "oversubscribed", "link", "batch", "learned", "columns", "exchange",
        "steps", "payloadBytes", "wireBytes", "peakBytes",
    ]
    + StepPhase.allCases.flatMap { phase in TimeSpread.names.map { "\(phase.rawValue)_\($0)" } }

private func scalingRow(ranks: Int, exchange: String, oversubscribed: Bool = false) -> String {
    let head = "mlp,8-5-2,strong,\(ranks),1,\(oversubscribed),100mbit,64,0.5,1,\(exchange),9,400,\(200 * (ranks - 1)),9"
    return head + String(repeating: ",0.5", count: StepPhase.allCases.count * TimeSpread.names.count)
}

private let scalingWords = [
    "full", "dynamic", "owned", "owned-bfloat16", "lowrank4", "average8", "-ring", "-fixed", "l-bfgs", "weak", "rica",
    "true", "1gbit", "kbit", "layers", "5x9+2x6", "1000000", "1000000000", "0.000000001", "1e-9", "1e6", "nan", "\r\n",
    "784-500-10", "1-1-1", "1-2-3",
]

/// An input is scaling.csv: it is read, and a plan is made of it, by rows of which some are left out.
func scalingReader(_ folder: Folder) throws -> Reader {
    let path = folder.file("scaling.csv")
    let header = scalingColumns.joined(separator: ",")
    let seeds = [
        [scalingRow(ranks: 1, exchange: "full"), scalingRow(ranks: 2, exchange: "full")],
        [scalingRow(ranks: 2, exchange: "owned"), scalingRow(ranks: 4, exchange: "owned", oversubscribed: true)],
    ].map { Array((([header] + $0).joined(separator: "\n") + "\n").utf8) }
    return Reader(longest: 4096, seeds: seeds, words: scalingWords) { bytes in
        folder.write("scaling.csv", bytes)
        guard let table = Memory.ofText.watch(bytes.count, { try ScalingTable.read(path) }) else { return }
        let rows = table.rows
        expect(rows.count == filledLines(bytes) - 1, "\(rows.count) rows were read")
        for series in ScalingSeries.all(of: rows) {
            for row in series.rows { _ = (series.speedup(row), series.efficiency(row)) }
        }
        let model = CostModel(rows)
        for oversubscribed in [false, true] {
            for mode in BatchMode.allCases {
                let plan = Plan(
                    model, model.configurations, ranks: [1, 2, 1_000_000], batch: 1000, mode: mode,
                    on: Interconnect(link: rows[0].link), oversubscribed: oversubscribed)
                guard !plan.choices.isEmpty else { continue }
                _ = plan.answer(error90: CrossValidation.error90(CrossValidation.inTurn(rows)))
                expect(plan.choices.allSatisfy { $0.time.total.isFinite && $0.time.total > 0 }, "no time of a step")
            }
        }
    }
}

/// An input is a table that measurements are added to.
func measurementsReader(_ folder: Folder) throws -> Reader {
    let path = folder.file("table.csv")
    let names = ["link", "ranks", "seconds", "layers"]
    let file = MeasurementFile(
        path: path, columns: names, key: ["link", "ranks"], formerNames: ["seconds": "time"], newColumns: ["layers"])
    let seeds = ["link,ranks,seconds,layers\nlan,2,0.5,1x2\nlan,4,0.5,1x2\n", "link,ranks,time\nlan,2,0.5\n"]
    return Reader(longest: 1024, seeds: seeds.map { Array($0.utf8) }, words: names + ["time", "\r\n", "lan,2"]) {
        bytes in
        folder.write("table.csv", bytes)
        guard Memory.ofText.watch(bytes.count, { try file.add(["lan", "2", "1", "3x4"]) }) != nil else { return }
        let written = try folder.bytes("table.csv")
        let old = max(filledLines(bytes) - 1, 0)
        let rows = filledLines(written) - 1
        expect(rows == old || rows == old + 1, "\(old) rows became \(rows)")
        // Bytes are compared: an accent that the next row begins with makes another character of the end of this one.
        expect(written.firstRange(of: Array("lan,2,1,3x4\n".utf8)) != nil, "the row is not there")
    }
}

/// An input is a table of the steps to a target.
func stepsReader(_ folder: Folder) throws -> Reader {
    let path = folder.file("steps.csv")
    let seeds = ["learned,exchange,steps\n1,full,100\n0.5,owned,2e3\n", "steps,exchange,learned\n7,full,1\n"]
    let words = ["learned", "exchange", "steps", "\r\n", "nan", "1e12", "1e400", "0x1p-1", "\u{FEFF}"]
    return Reader(longest: 1024, seeds: seeds.map { Array($0.utf8) }, words: words) { bytes in
        folder.write("steps.csv", bytes)
        _ = Memory.ofText.watch(bytes.count) { try StepsToTarget(path: path) }
    }
}
