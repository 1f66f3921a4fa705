import Foundation
import Testing

/// A temporary folder for the runs of a test, removed with it.
final class RunFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("colonnade-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Runs a job in the run directory `name` of this folder.
    func start(
        _ name: String, job: String = "rica", ranks: Int? = nil, _ options: [String],
        environment: [String: String] = [:]
    ) async throws -> MPIRun.Outcome {
        try await MPIRun(
            ranks: ranks, command: job, arguments: options + ["--run-dir", "\(path)/\(name)"], environment: environment,
            timeout: 120
        ).run()
    }

    /// Starts a run, as `start` does, that must succeed.
    func succeed(_ name: String, job: String = "rica", ranks: Int? = nil, _ options: [String]) async throws {
        let outcome = try await start(name, job: job, ranks: ranks, options)
        try #require(outcome.code == 0, "\(options): \(outcome)")
    }

    /// Writes a data set in the format of MNIST, with images that differ a little.
    func writeMNIST(train: Int, test: Int) throws {
        for (part, count) in [("train", train), ("t10k", test)] {
            func header(_ kind: UInt8) -> Data { Data([0, 0, 8, kind, 0, 0, UInt8(count >> 8), UInt8(count & 255)]) }
            var images = header(3) + Data([0, 0, 0, 28, 0, 0, 0, 28]), labels = header(1)
            images.append(contentsOf: (0..<count * 784).map { UInt8(truncatingIfNeeded: $0 / 784 * 25 + $0 % 31) })
            labels.append(contentsOf: (0..<count).map { UInt8($0 % 10) })
            for (name, bytes) in [("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels)] {
                try bytes.write(to: URL(fileURLWithPath: "\(path)/\(part)-\(name)"))
            }
        }
    }

    /// The seconds from a time that `date +%s.%N` has written to a file.
    func seconds(from name: String, to end: Date) throws -> Double {
        let text = String(decoding: try file(name), as: UTF8.self).trimmingCharacters(in: .newlines)
        return end.timeIntervalSince1970 - (try #require(Double(text)))
    }

    /// The most memory that rank 0 of a run held, as a part of what the banner said.
    func peakOverBanner(job: String, ranks: Int? = nil, _ options: [String]) async throws -> Double {
        let outcome = try await start("memory", job: job, ranks: ranks, options)
        let printed = try #require(outcome.output.firstMatch(of: /memory +about ([0-9.]+) MB a rank/)?.1, "\(outcome)")
        return Double(try #require(try result("memory").peakBytes)) / (1e6 * Double(printed)!)
    }

    func file(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")) }

    /// The numbers of result.json.
    func result(_ name: String) throws -> StoredResult {
        try JSONDecoder().decode(StoredResult.self, from: file("\(name)/result.json"))
    }

    func objectives(_ name: String) throws -> [Double] { try metrics(name, "objective") }

    /// A column of metrics.csv.
    func metrics(_ name: String, _ column: String) throws -> [Double] {
        let lines = String(decoding: try file("\(name)/metrics.csv"), as: UTF8.self).split(separator: "\n")
        let place = try #require(
            lines[0].split(separator: ",", omittingEmptySubsequences: false).firstIndex { $0 == column })
        return try lines.dropFirst().map {
            try #require(Double($0.split(separator: ",", omittingEmptySubsequences: false)[place]))
        }
    }
}

/// What tests read of result.json.
struct StoredResult: Decodable {
    var accuracy: Double?
    var folds: [Double]?
    var chosen: [String: String]?
    var coverage: [Double]?
    var dictionaryNorms: [Double]?
    var objective: Double?
    var proportion: Double?
    var dynamicParameters: Int
    var learnedParameters: Int
    var bytesPerStep: Int
    var wireBytesPerStep: Int
    var peakBytes: Int?
    var files: [String: UInt32]?
}
