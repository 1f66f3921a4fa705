import Foundation

/// A folder of run directories, and the job `report` on it as a process.
final class ReportRun: Sendable {
    struct Outcome {
        let code: Int32
        let output: String
        let error: String
    }

    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("colonnade-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path + "/runs", withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The product `report`, beside the test bundle.
    static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("report").path

    static let hasGnuplot = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .contains { FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot") }

    /// Reports on `runs` into `out`, unless told otherwise.
    func report(
        _ folders: [String] = ["runs"], _ options: [String] = [], environment: [String: String] = [:],
        program: String = ReportRun.program,
        before: [String] = []
    ) throws -> Outcome {
        let process = Process(), output = "\(path)/output", error = "\(path)/error"
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = before + ["--out", file("out")] + options + folders.map(file)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        process.standardInput = FileHandle.nullDevice
        for name in [output, error] { try Data().write(to: URL(fileURLWithPath: name)) }
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: error))
        try process.run()
        process.waitUntilExit()
        return Outcome(code: process.terminationStatus, output: try text("output"), error: try text("error"))
    }

    /// As `report`, on a thread of its own: a test that waits for long leaves the few threads of the tests to others.
    func reportAside(environment: [String: String]) async throws -> Outcome {
        try await withCheckedThrowingContinuation { done in
            Thread.detachNewThread { done.resume(with: Result { try self.report(environment: environment) }) }
        }
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func text(_ name: String) throws -> String { try String(contentsOfFile: file(name), encoding: .utf8) }

    func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: file(name))) }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
    }

    /// What the report left, sorted; empty where it made no folder.
    var left: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: file("out"))) ?? []).sorted() }
}
