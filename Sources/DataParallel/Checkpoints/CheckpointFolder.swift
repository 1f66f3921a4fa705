import Foundation
import Parallel
import Storage

/// The folder `checkpoints` of a run. Each checkpoint is a folder named by its number: it holds one part for each rank,
/// and a manifest that commits it. The two newest stay.
package struct CheckpointFolder: Sendable {
    let path: String
    /// The run, or the phase of it, whose checkpoints these are.
    let run: String

    /// What makes a checkpoint of parts. It is written last: parts without one are none.
    struct Manifest: Codable, Sendable {
        struct Part: Codable, Sendable {
            let name: String
            /// The checksum of its header, which has the sizes and checksums of its tensors.
            let header: UInt32
        }

        var format = Manifest.current
        let run: String
        let number: Int
        /// Where the run was, for people.
        let position: String
        /// A part a rank.
        let parts: [Part]
        /// The checksum of this text with 0 in its place.
        private var crc32: UInt32 = 0

        static let current = "colonnade checkpoint 3"

        init(run: String, number: Int, position: String, parts: [Part]) {
            self.run = run
            self.number = number
            self.position = position
            self.parts = parts
        }

        /// Readable JSON; the same manifest has the same bytes.
        var text: Data {
            get throws {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
                var copy = self
                copy.crc32 = 0
                copy.crc32 = checksum(try encoder.encode(copy))
                return try encoder.encode(copy)
            }
        }
    }

    /// A checkpoint that is not as it was written. It ends no job: its code tells all ranks what one of them found.
    struct Damage: ExitCoded, CustomStringConvertible {
        static let code: Int32 = 165
        let description: String
        var exitCode: Int32 { Damage.code }

        init(_ path: String, expected: String, found: String) {
            description = "\(path): expected \(expected), found \(found)"
        }
    }

    /// The most bytes of a manifest that are read: a million parts have room.
    private static let longestManifest = 256 << 20

    func folder(_ number: Int) -> String { "\(path)/\(number)" }
    static func part(_ rank: Int) -> String { "part-\(rank).safetensors" }
    private func manifest(_ number: Int) -> String { "\(folder(number))/manifest.json" }

    /// The numbers of the checkpoints that are there, committed or not, the newest first.
    func numbers() -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { name in
            Int(name).flatMap { $0 > 0 && $0 < 1 << 53 && String($0) == name ? $0 : nil }
        }.sorted(by: >)
    }

    /// Makes the folder of a checkpoint. Throws `WriteError`.
    func make(_ number: Int) throws {
        for folder in [path, folder(number)] { try makeFolder(at: folder) }
    }

    /// Commits a checkpoint whose parts are written, and removes all of the run but its two newest.
    ///
    /// The names of the parts are flushed with that of the manifest, as far as this host's file system sees them; one
    /// that is missing after a power cut is found by `check`.
    ///
    /// - Throws: `WriteError`.
    func commit(_ manifest: Manifest) throws {
        try writeAtomically(try manifest.text, to: self.manifest(manifest.number))
        flushFolder(path)
        for number in numbers().filter(isOfThisRun).dropFirst(2) { remove(number) }
    }

    /// Removes a folder, if it holds nothing but a checkpoint's files.
    func remove(_ number: Int) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder(number))) ?? []
        guard names.allSatisfy({ $0.hasPrefix("part-") || $0.hasPrefix("manifest.json") }) else { return }
        try? FileManager.default.removeItem(atPath: folder(number))
    }

    private func isOfThisRun(_ number: Int) -> Bool { (try? committed(number)) != nil }

    /// Removes what was never committed: parts that a kill has left.
    func removeUncommitted() {
        for number in numbers() where !FileManager.default.fileExists(atPath: manifest(number)) { remove(number) }
    }

    /// Removes the checkpoints of this run, and the folder where no other's are in it.
    func removeAll() {
        for number in numbers() where isOfThisRun(number) { remove(number) }
        removeUncommitted()
        Self.removeFolder(path)
    }

    /// Removes all checkpoints in a folder, of whatever run, and the folder where nothing else is in it.
    package static func clear(_ path: String) {
        let all = CheckpointFolder(path: path, run: "")
        for number in all.numbers() { all.remove(number) }
        removeFolder(path)
    }

    /// Removes those that were put aside, and the folder where nothing else is in it.
    private static func removeFolder(_ path: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        where name.hasSuffix(".damaged") && Int(name.dropLast(8)) != nil {
            try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
        rmdir(path)
    }

    /// Reads the manifest of a checkpoint; nil where it was never committed, or is of another run.
    ///
    /// - Throws: `Damage` where it is not as it was written; `DataError` where it cannot be read.
    func committed(_ number: Int) throws -> Manifest? {
        let path = manifest(number)
        guard
            let data = try readFile(
                path, expecting: "a checkpoint's manifest", atMost: Self.longestManifest,
                advice: "start anew with --resume never")
        else { return nil }
        guard let manifest = try? decodeJSON(Manifest.self, from: data) else {
            throw Damage(path, expected: "a checkpoint's manifest", found: "other text")
        }
        guard manifest.format == Manifest.current else {
            throw Damage(path, expected: "the format \(Manifest.current)", found: manifest.format.escaped)
        }
        guard try manifest.text == data, manifest.number == number, !manifest.parts.isEmpty else {
            throw Damage(path, expected: "the manifest that was written", found: "one that was changed")
        }
        for (rank, part) in manifest.parts.enumerated() where part.name != Self.part(rank) {
            throw Damage(path, expected: Self.part(rank), found: part.name.escaped)
        }
        return manifest.run == run ? manifest : nil
    }

    /// Reads a part as a whole and compares it with its checksums.
    ///
    /// - Throws: `Damage` where it is not as it was written; `TrainingError` where it cannot be read.
    func check(_ part: Manifest.Part, of number: Int) throws {
        let path = "\(folder(number))/\(part.name)"
        guard FileManager.default.fileExists(atPath: path) else {
            throw Damage(path, expected: "a part of the checkpoint", found: "no such file")
        }
        _ = try readable { try ByteFile(path: path) }
        let file: Safetensors
        do { file = try Safetensors(path: path) } catch {
            throw Damage(path, expected: "the part that was written", found: "another (\(error))")
        }
        guard file.headerChecksum == part.header else {
            throw Damage(path, expected: "the header that was written", found: "one that was changed")
        }
        for name in file.tensors.keys {
            let sum = try readable { try file.tensorChecksum(name) }
            guard file.metadata[name]?.hasSuffix(StateSnapshot.word(sum)) == true else {
                throw Damage(path, expected: "\(name.escaped) as it was written", found: "values that were changed")
            }
        }
    }

    /// Runs `body`, whose failure says nothing of the checkpoint itself.
    private func readable<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch {
            throw TrainingError("\(error): the checkpoint may be whole: start again when it can be read")
        }
    }

    /// Puts a checkpoint that is no good aside, so that nobody takes it again.
    func setAside(_ number: Int) {
        let aside = folder(number) + ".damaged"
        try? FileManager.default.removeItem(atPath: aside)
        try? FileManager.default.moveItem(atPath: folder(number), toPath: aside)
    }
}
