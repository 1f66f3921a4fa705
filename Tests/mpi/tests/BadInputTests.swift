import Foundation
import TestSupport
import Testing

/// What the job rica says to wrong options, data and folders: the code, and one line that names the culprit.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct BadInputTests {
    private static let small = ["--features", "8", "--patches", "200", "--iterations", "2", "--phase", "learn"]
    private let folder: RunFolder

    init() throws { folder = try RunFolder() }

    /// The one line of the job itself, with or without the rank that it came from.
    private func message(_ outcome: MPIRun.Outcome) throws -> String {
        let lines = outcome.error.split(separator: "\n").filter { $0.hasPrefix("rica: ") }
        try #require(lines.count == 1, "\(outcome)")
        return String(lines[0])
    }

    @Test(arguments: [
        ["--nonsense"], ["--dataset", "nope"], ["--features", "0"], ["--lambda", "nan"], ["--learned", "0"],
        ["--phase", "x"],
        ["--data", ""], ["--export-expanded", ""], ["--model", "", "--phase", "encode"], ["--sigma", "1e-300"],
        ["--columns", "401"],
    ])
    func wrongOptions(options: [String]) async throws {
        let outcome = try await folder.start("run", options)
        #expect(outcome.code == 64, "\(outcome)")
        let lines = outcome.error.split(separator: "\n").filter { $0.hasPrefix("Error: ") }
        #expect(lines.count == 1 && lines.first?.contains(options[0]) == true, "\(outcome)")
    }

    @Test func aWrongOptionIsSaidOnceForAllRanks() async throws {
        let outcome = try await folder.start("run", ranks: 3, ["--features", "0"])
        #expect(outcome.code == 64, "\(outcome)")
        #expect(
            outcome.error.components(separatedBy: "--features: expected 1 to 1000000, found 0").count == 2, "\(outcome)"
        )
    }

    @Test(arguments: ["--help", "--version"])
    func helpAndVersion(option: String) async throws {
        let outcome = try await MPIRun(command: "rica", arguments: [option]).run()
        #expect(outcome.code == 0 && outcome.error.isEmpty, "\(outcome)")
        #expect(option == "--help" ? outcome.output.contains("--lambda") : outcome.output.hasPrefix("0."), "\(outcome)")
    }

    @Test(arguments: [nil, 2])
    func missingData(ranks: Int?) async throws {
        let outcome = try await folder.start(
            "run", ranks: ranks, ["--dataset", "stl10", "--data", "\(folder.path)/none"])
        #expect(outcome.code == 65, "\(outcome)")
        let said = try message(outcome)
        #expect(said.contains("\(folder.path)/none/stl10_binary or \(folder.path)/none"), "\(outcome)")
    }

    @Test(arguments: [nil, 2])
    func truncatedSTL10(ranks: Int?) async throws {
        try writeSmallSTL10(to: folder.path, train: 20, test: 10, unlabelled: 10)
        let file = "\(folder.path)/stl10_binary/unlabeled_X.bin"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file)).count
        #expect(truncate(file, bytes - 100) == 0)
        let outcome = try await folder.start(
            "run", ranks: ranks, Self.small + ["--dataset", "stl10", "--data", folder.path])
        #expect(outcome.code == 65, "\(outcome)")
        let said = try message(outcome)
        #expect(said.contains(file) && said.contains("\(bytes - 100)") && said.contains("expected"), "\(outcome)")
        #expect(said.contains("27648") || said.contains("\(bytes)"), "what was expected: \(outcome)")
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/run"), "a run directory is left")
    }

    @Test(arguments: [nil, 3])
    func anObjectiveThatIsNotFinite(ranks: Int?) async throws {
        let outcome = try await folder.start("run", ranks: ranks, Self.small + ["--lambda", "1e300"])
        #expect(outcome.code == 1, "\(outcome)")
        #expect(try message(outcome).contains("at iteration 0, evaluation 1"), "\(outcome)")
    }

    @Test(arguments: [nil, 2])
    func aRunDirectoryThatCannotBeMade(ranks: Int?) async throws {
        // also root cannot make a folder in a file
        try Data().write(to: URL(fileURLWithPath: "\(folder.path)/file"))
        let outcome = try await folder.start("file/run", ranks: ranks, Self.small)
        #expect(outcome.code == 1, "\(outcome)")
        let said = try message(outcome)
        #expect(said.contains("\(folder.path)/file/run: cannot make the run directory: "), "\(outcome)")
        #expect(said.contains("\(folder.path)/file is a file"), "\(outcome)")
    }

    /// Not even root can make files there.
    @Test func aRunDirectoryThatCannotBeWritten() async throws {
        let outcome = try await MPIRun(command: "rica", arguments: Self.small + ["--run-dir", "/proc"]).run()
        let said = try message(outcome)
        #expect(outcome.code == 1 && said.contains("/proc/lock") && said.contains("--run-dir"), "\(outcome)")
    }

    @Test func anExportThatCannotBeWrittenIsSaidBeforeLearning() async throws {
        let outcome = try await folder.start("run", Self.small + ["--export-expanded", "\(folder.path)/none/file"])
        let said = try message(outcome)
        #expect(outcome.code == 1 && said.contains("\(folder.path)/none"), "\(outcome)")
        #expect(!outcome.output.contains("fitting the whitening"), "\(outcome)")
    }

    @Test(arguments: [
        ["--iterations", "9223372036854775807"], ["--patches", "1000000000000000000"],
        ["--features", "9223372036854775807"],
    ])
    func numbersThatNoMachineHolds(options: [String]) async throws {
        let outcome = try await folder.start("run", options)
        #expect(outcome.code == 64 && outcome.error.contains(options[0]), "\(outcome)")
    }

    @Test(arguments: [nil, 2])
    func aLabelOutOfRangeIsSaidBeforeLearning(ranks: Int?) async throws {
        try writeSmallSTL10(to: folder.path, train: 20, test: 10, unlabelled: 10)
        let file = "\(folder.path)/stl10_binary/test_y.bin"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        bytes[3] = 77
        try bytes.write(to: URL(fileURLWithPath: file))
        let outcome = try await folder.start(
            "run", ranks: ranks, Self.small + ["--dataset", "stl10", "--data", folder.path])
        let said = try message(outcome)
        #expect(
            outcome.code == 65 && said.contains(file) && said.contains("77") && said.contains("1 to 10"), "\(outcome)")
        #expect(!said.contains("rank 0"), "what fails everywhere has no place: \(said)")
    }

    @Test(arguments: [nil, 2])
    func aRunDirectoryOfOtherSettings(ranks: Int?) async throws {
        try await folder.succeed("run", Self.small)
        let before = try folder.file("run/run.json")
        let outcome = try await folder.start("run", ranks: ranks, Self.small + ["--lambda", "0.2"])
        #expect(outcome.code == 64, "\(outcome)")
        #expect(try message(outcome).contains("lambda 0.05, this one has 0.2"), "\(outcome)")
        #expect(try folder.file("run/run.json") == before)
        // the same settings may run again
        try await folder.succeed("run", Self.small)
    }

    @Test func moreRanksThanColumns() async throws {
        try await folder.succeed("run", ranks: 4, Self.small + ["--columns", "2"])
        try await folder.succeed(
            "fewer features than ranks", ranks: 4, ["--features", "2", "--columns", "2"] + Self.small.dropFirst(2))
    }
}
