import Datasets
import Foundation

/// A run that has a test error, as its run directory holds it.
public struct FinishedRun: Sendable {
    /// The run directory.
    public let folder: String
    /// run.json.
    public let record: RunRecord
    /// result.json.
    public let result: RunResult
    /// The part of test images predicted wrong.
    public let error: Double

    /// The name of its data set.
    public var dataset: String { record.settings["dataset"] ?? "" }
    /// As run.json has it; empty where it has none.
    public var seed: String { record.settings["seed"] ?? "" }

    /// Whether a folder holds a run, finished or not.
    public static func isRun(at folder: String) -> Bool {
        ["run.json", "result.json"].contains { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
    }

    /// Reads run.json and result.json.
    ///
    /// - Returns: nil where the run has no result yet, or one without a test error, such as a phase leaves that only learns.
    /// - Throws: `DataError` where a file is damaged, naming it.
    public static func read(_ folder: String) throws -> FinishedRun? {
        let record: RunRecord? = try read("\(folder)/run.json", "the record of a run")
        guard let result: RunResult = try read("\(folder)/result.json", "the result of a run"), let error = result.error else { return nil }
        guard let record else { throw damaged("\(folder)/run.json", "the record of a run", "no file") }
        guard record.settings["dataset"] != nil else { throw damaged("\(folder)/run.json", "a setting 'dataset'", "none") }
        func check(_ name: String, _ value: Double, in range: ClosedRange<Double>) throws {
            guard range.contains(value) else {
                throw damaged("\(folder)/result.json", "'\(name)' from \(range.lowerBound) to \(range.upperBound)", "\(value)")
            }
        }
        try check("error", error, in: 0...1)
        try check("proportion", result.proportion, in: 0...1)
        try check("learnedParameters", Double(result.learnedParameters), in: 1...1e15)
        return FinishedRun(folder: folder, record: record, result: result, error: error)
    }

    /// Nil where there is no such file.
    private static func read<Value: Decodable>(_ path: String, _ expected: String) throws -> Value? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else { throw damaged(path, expected, "what cannot be read") }
        do {
            return try JSONDecoder().decode(Value.self, from: data)
        } catch DecodingError.keyNotFound(let key, _) {
            throw damaged(path, expected, "no '\(key.stringValue)'")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            throw damaged(path, expected, "another kind of value at '\(context.codingPath.map(\.stringValue).joined(separator: "."))'")
        } catch {
            throw damaged(path, expected, data.isEmpty ? "an empty file" : "text that is not JSON")
        }
    }

    static func damaged(_ path: String, _ expected: String, _ found: String) -> DataError {
        DataError(message: "\(path): expected \(expected), found \(found): run it again, or leave its folder out of the report")
    }
}
