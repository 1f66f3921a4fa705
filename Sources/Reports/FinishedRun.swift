import Foundation
import Runs
import Scaling
import Storage

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
    /// The seed in run.json's text; empty where it has none.
    public var seed: String { record.settings["seed"] ?? "" }

    /// Whether a folder holds a run, finished or not.
    public static func isRun(at folder: String) -> Bool {
        ["run.json", "result.json"].contains { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
    }

    /// Reads run.json and result.json.
    ///
    /// - Returns: nil where the run has no result yet, or one of another run, or without a test error, such as a phase
    ///   leaves that only learns.
    /// - Throws: `DataError` where a file is damaged, naming it.
    public static func read(_ folder: String) throws -> FinishedRun? {
        let record: RunRecord? = try read("\(folder)/run.json", "the record of a run")
        guard let result: RunResult = try read("\(folder)/result.json", "the result of a run"), let error = result.error
        else { return nil }
        guard let record else { throw damaged("\(folder)/run.json", "the record of a run", "no file") }
        // The result of a run before this one, which is not finished.
        guard result.run == nil || result.run == record.id else { return nil }
        guard record.settings["dataset"] != nil else {
            throw damaged("\(folder)/run.json", "a setting 'dataset'", "none")
        }
        try check(record, "\(folder)/run.json")
        try check(result, "\(folder)/result.json")
        return FinishedRun(folder: folder, record: record, result: result, error: error)
    }

    /// The most settings of a run, and the most bytes of a setting or its name.
    private static let mostSettings = 1000, longestText = 1000

    private static func check(_ record: RunRecord, _ path: String) throws {
        guard ScalingTable.ranks.contains(record.ranks) else {
            throw damaged(path, "'ranks' from 1 to \(ScalingTable.ranks.upperBound)", "\(record.ranks)")
        }
        try checkTexts(["job": record.job], "job", path)
        try checkTexts(record.settings, "settings", path)
    }

    private static func check(_ result: RunResult, _ path: String) throws {
        func check(_ name: String, _ value: Double?, in range: ClosedRange<Double>) throws {
            guard let value, !range.contains(value) else { return }
            throw damaged(path, "'\(name)' from \(range.lowerBound) to \(range.upperBound)", "\(value)")
        }
        try check("error", result.error, in: 0...1)
        try check("accuracy", result.accuracy, in: 0...1)
        try check("proportion", result.proportion, in: 0...1)
        for part in result.coverage ?? [] { try check("coverage", part, in: 0...1) }
        try check("learnedParameters", Double(result.learnedParameters), in: 1...1e15)
        for (name, count) in [
            ("dynamicParameters", result.dynamicParameters), ("fullParameters", result.fullParameters),
            ("bytesPerStep", result.bytesPerStep), ("wireBytesPerStep", result.wireBytesPerStep),
        ] { try check(name, Double(count), in: 0...1e15) }
        try check("secondsPerStep", result.secondsPerStep, in: 0...1e9)
        try check("seconds", result.seconds, in: 0...1e9)
        try checkTexts(result.chosen ?? [:], "chosen", path)
    }

    private static func checkTexts(_ texts: [String: String], _ name: String, _ path: String) throws {
        guard texts.count <= mostSettings else {
            throw damaged(path, "at most \(mostSettings) values in '\(name)'", "\(texts.count)")
        }
        for text in texts.flatMap({ [$0.key, $0.value] }) where text.utf8.count > longestText {
            let found = "one of \(text.utf8.count), '\(text.escaped)'"
            throw damaged(path, "texts of at most \(longestText) bytes", found)
        }
    }

    /// Nil where there is no such file.
    private static func read<Value: Decodable>(_ path: String, _ expected: String) throws -> Value? {
        guard let data = try read(path, expecting: expected, atMost: RunRecord.mostBytes) else { return nil }
        do {
            return try decodeJSON(Value.self, from: data)
        } catch DecodingError.keyNotFound(let key, _) {
            throw damaged(path, expected, "no '\(key.stringValue)'")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            let place = context.codingPath.map(\.stringValue).joined(separator: ".").escaped
            throw damaged(path, expected, "another kind of value at '\(place)'")
        } catch {
            let text = "text that is not JSON, or a number out of range"
            throw damaged(path, expected, data.isEmpty ? "an empty file" : text)
        }
    }

    private static let advice = "run it again, or leave its folder out of the report"

    /// A file of a run directory; nil where there is none of that name.
    ///
    /// - Throws: `DataError` where it cannot be read, is no file, or is larger than a run writes it.
    public static func read(_ path: String, expecting expected: String, atMost limit: Int) throws -> Data? {
        try readFile(path, expecting: expected, atMost: limit, advice: advice)
    }

    /// The error that a file of a run directory is not what a run writes.
    public static func damaged(_ path: String, _ expected: String, _ found: String) -> DataError {
        DataError(message: "\(path): expected \(expected), found \(found): \(advice)")
    }
}
