import Foundation
import Storage

/// The folder `checkpoints` of a run: a folder a checkpoint, named by its number, with a part a rank, and a manifest
/// that commits it. The two newest stay.
struct CheckpointFolder {
    let path: String
    /// The run whose checkpoints these are.
    let run: String

    /// What makes a checkpoint of parts. It is written last: parts without one are none.
    struct Manifest: Codable, Equatable {
        struct Part: Codable, Equatable {
            let name: String
            let bytes: Int
            /// The checksum of its header, which has those of its tensors.
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

        static let current = "colonnade checkpoint 1"

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

    /// The most bytes of a manifest that are read: a million parts have room.
    private static let longestManifest = 256 << 20

    func folder(_ number: Int) -> String { "\(path)/\(number)" }
    static func part(_ rank: Int) -> String { "part-\(rank).safetensors" }
    private func manifest(_ number: Int) -> String { "\(folder(number))/manifest.json" }

    /// The numbers of the checkpoints that are there, committed or not, the newest first.
    func numbers() -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { Int($0) }.filter { $0 > 0 && $0 < Int.max }.sorted(by: >)
    }

    /// Makes the folder of a checkpoint. Throws `WriteError`.
    func make(_ number: Int) throws {
        for folder in [path, folder(number)] { try makeFolder(at: folder) }
    }

    /// Commits a checkpoint whose parts are written, and removes those before the last one. Throws `WriteError`.
    func commit(_ manifest: Manifest) throws {
        try writeAtomically(try manifest.text, to: self.manifest(manifest.number))
        flushFolder(path)
        var kept = 0
        for number in numbers() where number <= manifest.number {
            if kept < 2, FileManager.default.fileExists(atPath: self.manifest(number)) {
                kept += 1
            } else {
                try? FileManager.default.removeItem(atPath: folder(number))
            }
        }
    }

    /// Reads the manifest of a checkpoint; nil where it was never committed.
    ///
    /// - Throws: `DataError` where it is not one of this run.
    func committed(_ number: Int) throws -> Manifest? {
        let path = manifest(number)
        let advice = "the checkpoint before it is taken"
        guard
            let data = try readFile(
                path, expecting: "a checkpoint's manifest", atMost: Self.longestManifest, advice: advice)
        else { return nil }
        guard let manifest = try? JSONDecoder().decode(Manifest.self, from: data) else {
            throw DataError(path, expected: "a checkpoint's manifest", found: "other text")
        }
        guard manifest.format == Manifest.current else {
            throw DataError(path, expected: "the format \(Manifest.current)", found: manifest.format.escaped)
        }
        guard try manifest.text == data, manifest.number == number, !manifest.parts.isEmpty else {
            throw DataError(path, expected: "the manifest that was written", found: "one that was changed")
        }
        // Another run's, or of another phase: no use here.
        guard manifest.run == run else { return nil }
        for (rank, part) in manifest.parts.enumerated() where part.name != Self.part(rank) {
            throw DataError(path, expected: Self.part(rank), found: part.name.escaped)
        }
        return manifest
    }

    /// Reads a part as a whole and compares it with its checksums.
    ///
    /// - Throws: `DataError` where a byte of it is not as it was written.
    func check(_ part: Manifest.Part, of number: Int) throws {
        let path = "\(folder(number))/\(part.name)"
        let size = try ByteFile(path: path).size
        guard size == part.bytes else {
            throw DataError(path, expected: "\(part.bytes) bytes", found: "\(size)")
        }
        let file = try Safetensors(path: path)
        guard file.headerChecksum == part.header else {
            throw DataError(path, expected: "the header that was written", found: "one that was changed")
        }
        var buffer = [UInt8]()
        for (name, tensor) in file.tensors {
            if buffer.count < tensor.byteCount { buffer = [UInt8](repeating: 0, count: tensor.byteCount) }
            let sum = try buffer.withUnsafeMutableBytes { all in
                let bytes = UnsafeMutableRawBufferPointer(rebasing: all[..<tensor.byteCount])
                try file.read(name, into: bytes)
                return checksum(UnsafeRawBufferPointer(bytes))
            }
            guard file.metadata[name]?.hasSuffix(" crc32 \(sum)") == true else {
                throw DataError(path, expected: "\(name.escaped) as it was written", found: "values that were changed")
            }
        }
    }

    /// Puts a checkpoint that is no good aside, so that nobody takes it again.
    func setAside(_ number: Int) {
        let aside = folder(number) + ".damaged"
        try? FileManager.default.removeItem(atPath: aside)
        try? FileManager.default.moveItem(atPath: folder(number), toPath: aside)
    }
}
