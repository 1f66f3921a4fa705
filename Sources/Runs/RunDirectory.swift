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

    public init(path: String) { self.path = path }

    public func file(_ name: String) -> String { path + "/" + name }

    /// Makes the directory, checks that it can be written, has room and holds no run with other settings, and writes
    /// run.json.
    ///
    /// - Parameters:
    ///   - usesModel: whether the run takes its settings from the model in the directory, as later phases do.
    ///   - bytes: what the run will write.
    /// - Throws: `RunDirectoryError`, `WriteError`, `DataError` for what is no file in place of run.json.
    public func open(_ record: RunRecord, usesModel: Bool = false, expecting bytes: Int = 0) throws {
        if let reason = makeFolders() {
            throw RunDirectoryError(
                description: "\(path): cannot make the run directory: \(reason); choose another with --run-dir",
                exitCode: 1)
        }
        let advice = "choose another folder with --run-dir"
        if let data = try readFile(
            file("run.json"), expecting: "the record of a run", atMost: RunRecord.mostBytes, advice: advice)
        {
            guard let earlier = try? JSONDecoder().decode(RunRecord.self, from: data) else {
                throw RunDirectoryError(
                    description: "\(file("run.json")): expected the record of a run, found other text: \(advice)",
                    exitCode: 64)
            }
            if let (name, theirs, ours) = earlier.firstDifference(from: record, usesModel: usesModel) {
                throw RunDirectoryError(
                    description:
                        "\(path) holds a run with \(name) \(theirs), this one has \(ours): "
                        + "choose another folder with --run-dir, "
                        + "or give the same settings",
                    exitCode: 64)
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = try encoder.encode(record)
        do {
            // Made and not kept: a folder that takes no file at all has another reason than its room.
            _ = try AtomicFile(path: file("run.json"))
            try checkFreeSpace(in: path, for: bytes, "the files of this run")
            try write(text, to: "run.json")
        } catch let error as WriteError {
            throw RunDirectoryError(description: "\(error); choose another run directory with --run-dir", exitCode: 1)
        }
        self.record = text
    }

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
