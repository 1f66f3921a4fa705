import DataParallel
import Datasets
import Foundation
import Parallel
import Storage

/// A run directory that cannot be used. Exit code 64 where it holds another run, else 1.
public struct RunDirectoryError: ExitCoded, CustomStringConvertible {
    public let description: String
    public let exitCode: Int32
}

/// Where a run leaves its files. Every file is written aside and renamed, so none is ever half there.
public final class RunDirectory {
    public let path: String
    /// run.json as `open` wrote it: a directory that vanishes during the run is made again with it.
    private var record: Data?
    private var lock: RunLock?
    /// The CRC-32 of every table that was written, by its name.
    public private(set) var checksums: [String: UInt32] = [:]
    /// The id of the run that is open, which rank 0 told all.
    public var id: String?

    public init(path: String) { self.path = path }

    public func file(_ name: String) -> String { path + "/" + name }

    /// What the directory held when it was opened.
    public enum Opening: Sendable {
        /// A run that is not finished, or none; the id of the run that follows.
        case open(id: String)
        /// A finished run of the same settings.
        case finished(RunResult)
    }

    /// Makes the directory, locks it, checks that it can be written, has room and holds no run with other settings, and
    /// writes run.json. The directory of a finished run stays as it is.
    ///
    /// - Parameters:
    ///   - phase: what is started of the run; nil: all of it.
    ///   - resumes: whether an earlier run of the same settings goes on; if not, what it left is removed.
    ///   - bytes: what the run will write.
    ///   - warn: told of a lock that another run left.
    /// - Throws: `RunDirectoryError`, `WriteError`, `DataError` for what is no file in place of run.json.
    @discardableResult
    public func open(
        _ record: RunRecord, phase: RunPhase? = nil, resumes: Bool = true, expecting bytes: Int = 0,
        warn: (String) -> Void = { _ in }
    ) throws -> Opening {
        close()
        do {
            return try begin(record, phase, resumes: resumes, expecting: bytes, warn: warn)
        } catch {
            close()
            throw error
        }
    }

    private func begin(
        _ record: RunRecord, _ phase: RunPhase?, resumes: Bool, expecting bytes: Int, warn: (String) -> Void
    ) throws -> Opening {
        var record = record
        let usesModel = phase?.usesModel ?? false
        record.id = String(UInt64.random(in: 1 << 60 ... UInt64.max), radix: 16)
        if let reason = makeFolders() {
            throw RunDirectoryError(
                description: "\(path): cannot make the run directory: \(reason); choose another with --run-dir",
                exitCode: 1)
        }
        do { lock = try RunLock(path, host: record.hosts.first ?? "", warn: warn) } catch let error as WriteError {
            throw unwritable(error)
        }
        let advice = "choose another folder with --run-dir"
        var hasEarlier = false
        if let data = try readFile(
            file("run.json"), expecting: "the record of a run", atMost: RunRecord.mostBytes, advice: advice)
        {
            guard let earlier = try? decodeJSON(RunRecord.self, from: data) else {
                throw RunDirectoryError(
                    description: "\(file("run.json")): expected the record of a run, found other text: \(advice)",
                    exitCode: 64)
            }
            let differences = earlier.differences(from: record, usesModel: usesModel)
            if !differences.isEmpty {
                let all = differences
                    .map { "\($0.name.escaped) \($0.ours.escaped), this one has \($0.theirs)" }
                    .joined(separator: "; ")
                let model = file("model.safetensors")
                let isLonger = differences.contains {
                    ["epochs", "iterations"].contains($0.name) && Int($0.theirs) ?? 0 > Int($0.ours) ?? .max
                }
                let start = isLonger && access(model, F_OK) == 0 ? ", to go on from its model with --init \(model)" : ""
                throw RunDirectoryError(
                    description: "\(path) holds a run with \(all): choose another folder with --run-dir\(start), "
                        + "or give the same settings",
                    exitCode: 64)
            }
            hasEarlier = true
            // What is made anew of a model belongs to the run that learned it.
            if resumes || usesModel { record.id = earlier.validID ?? record.id }
            if resumes {
                if let result = try finished(earlier, phase) {
                    // A kill between result and end has left them; of a phase they may be those of the next.
                    if result.accuracy != nil { CheckpointFolder.clear(file("checkpoints")) }
                    return .finished(result)
                }
                record.starts = earlier.starts + record.starts
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = try encoder.encode(record)
        do {
            // Made and not kept: a folder that takes no file at all has another reason than its room.
            _ = try AtomicFile(path: file("run.json"))
            try checkFreeSpace(in: path, for: bytes, "the files of this run")
            if hasEarlier, !resumes { removeLeftovers(keepsModel: usesModel) }
            removeHalves()
            try write(text, to: "run.json")
        } catch let error as WriteError {
            throw unwritable(error)
        }
        self.record = text
        return .open(id: record.id!)
    }

    private func unwritable(_ error: WriteError) -> RunDirectoryError {
        RunDirectoryError(description: "\(error); choose another run directory with --run-dir", exitCode: 1)
    }

    /// The result of a run that has been tested, or of one whose phase is done; nil where it is not finished.
    private func finished(_ record: RunRecord, _ phase: RunPhase?) throws -> RunResult? {
        guard
            let data = try readFile(
                file("result.json"), expecting: "the result of a run", atMost: RunRecord.mostBytes,
                advice: "repeat the run with --resume never"),
            let result = try? decodeJSON(RunResult.self, from: data), result.run == record.id
        else { return nil }
        if result.accuracy != nil, phase?.usesModel != true { return result }
        guard let phase, result.phases?[phase.name] == phase.inputs, access(file(phase.leaves), F_OK) == 0
        else { return nil }
        return result
    }

    /// Removes what an earlier run left, but for a model that is used.
    private func removeLeftovers(keepsModel: Bool) {
        CheckpointFolder.clear(file("checkpoints"))
        guard !keepsModel else { return }
        for name in Self.names { try? FileManager.default.removeItem(atPath: file(name)) }
    }

    /// The files that a run leaves beside run.json.
    private static let names = [
        "result.json", "metrics.csv", "model.safetensors", "predictions.csv", "validation.csv", "features.safetensors",
        "filters.png",
    ]

    /// Removes the parts of files that were written when a process was killed: nobody else writes here now.
    private func removeHalves() {
        for part in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        where (Self.names + ["run.json"]).contains(where: { AtomicFile.isPart(part, of: $0) }) {
            unlink(file(part))
        }
    }

    /// Lets another run write here.
    public func close() { lock = nil }

    /// Writes a file of the run.
    ///
    /// - Parameter body: gets the path of the file.
    /// - Throws: `WriteError`, and what `body` throws.
    public func write(_ name: String, by body: (String) throws -> Void) throws {
        if let record, access(path, F_OK) != 0 {
            if let reason = makeFolders() {
                throw TrainingError("\(path): the run directory is gone, and cannot be made again: \(reason)")
            }
            try writeAtomically(record, to: file("run.json"))
        }
        try body(file(name))
    }

    /// Writes a file of the run from memory.
    ///
    /// - Throws: as above.
    public func write(_ bytes: some ContiguousBytes, to name: String) throws {
        try write(name) { try writeAtomically(bytes, to: $0) }
        if name.hasSuffix(".csv") { checksums[name] = checksum(bytes) }
    }

    public func write(_ text: String, to name: String) throws {
        try write(Array(text.utf8), to: name)
    }

    /// Makes the folder and those above it. Returns the system's reason where it cannot, which Foundation's errors
    /// hide.
    public func makeFolders() -> String? {
        var folder = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            folder += part
            let made = mkdir(folder, 0o777) == 0
            let code = errno
            var isFolder: ObjCBool = false
            if !made && !FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) {
                return String(cString: strerror(code))
            }
            if !made && !isFolder.boolValue { return "\(folder) is a file" }
            folder += "/"
        }
        return nil
    }
}
