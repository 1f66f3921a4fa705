import Foundation
import LinearAlgebra
import Storage

@testable import DataParallel

/// An input is the manifest of a checkpoint; one that is a manifest gets its checksum here, too.
func manifestReader(_ folder: Folder) throws -> Reader {
    let number = 3
    let checkpoints = CheckpointFolder(path: folder.path, run: "a1/learn")
    let own = try Folder(folder.file("\(number)"))
    let seeds = try (1...2).map { count in
        [UInt8](
            try CheckpointFolder.Manifest(
                run: "a1/learn", number: number, position: "step 8",
                parts: (0..<count).map { .init(name: CheckpointFolder.part($0), header: 77) }
            ).text)
    }
    let words = ["\"run\"", "\"number\"", "\"parts\"", "\"crc32\"", "part-1.safetensors", "4294967295", "-1", "1e3"]
    return Reader(longest: 1024, seeds: seeds, words: words) { bytes in
        var inputs = [bytes]
        if let manifest = try? decodeJSON(CheckpointFolder.Manifest.self, from: bytes) {
            inputs.append([UInt8](try manifest.text))
        }
        for bytes in inputs {
            own.write("manifest.json", bytes)
            guard let manifest = Memory.ofText.watch(bytes.count, { try checkpoints.committed(number) }) ?? nil else {
                continue
            }
            expect(try [UInt8](manifest.text) == bytes, "a manifest that was changed")
            expect(manifest.number == number && manifest.run == "a1/learn", "another's manifest")
            expect(manifest.parts.indices.allSatisfy { manifest.parts[$0].name == "part-\($0).safetensors" }, "names")
        }
    }
}

/// What is filled from parts: a tensor of every layout.
private final class State: Checkpointable {
    private let same = Matrix<Float>(rows: 2, columns: 3), rows = Matrix<Float>(rows: 4, columns: 3)
    private var summed = [1.0, 2.0], ofRank = [0.5], text = "ε\n", count = 7, isSet = true

    func archive(to archive: StateArchive) throws {
        try archive.matrix("same", same, .replicated)
        try archive.matrix("rows", rows, .rows(0..<4, of: 4))
        try archive.numbers("summed", &summed, .summed)
        try archive.numbers("rank", &ofRank, .ofRank)
        try archive.text("text", &text)
        try archive.number("count", &count)
        try archive.flag("flag", &isSet)
    }
}

/// An input is a part of a checkpoint: it is compared with its checksums, of which the header's is made to fit, and,
/// whether it has them or not, a state is filled from it.
func partReader(_ folder: Folder) throws -> Reader {
    let number = 3
    let checkpoints = CheckpointFolder(path: folder.path, run: "a1")
    let own = try Folder(folder.file("\(number)"))
    let name = CheckpointFolder.part(0)
    let snapshot = StateSnapshot(rank: 0)
    try snapshot.take([("state", State())])
    try snapshot.write(to: own.file(name))
    let seeds = try safetensorsSeeds(own.bytes(name))
    let words =
        safetensorsWords + [
            "rows 0 4 of 4 crc32 ", "replicated crc32 ", "rank crc32 ", "summed crc32 ", "\"state.rows\":",
            "rows 0 9223372036854775807", "rows 1 2",
        ]
    return Reader(longest: 2048, seeds: seeds, words: words) { input in
        let bytes = safetensorsFile(input)
        own.write(name, bytes)
        // A wrong length of the header is for the reader to find.
        let length = 8 + min(bytes.count < 8 ? 0 : max(0, bytes[..<8].reversed().bigEndian), max(0, bytes.count - 8))
        let part = CheckpointFolder.Manifest.Part(name: name, header: checksum(Array(bytes.prefix(length))))
        if Memory.ofText.watch(bytes.count, { try checkpoints.check(part, of: number) }) != nil {
            let file = try Safetensors(path: own.file(name))
            for (name, tensor) in file.tensors {
                var values = [UInt8](repeating: 0, count: tensor.byteCount)
                try values.withUnsafeMutableBytes { try file.read(name, into: $0) }
                let word = StateSnapshot.word(checksum(values))
                expect(file.metadata[name]?.hasSuffix(word) == true, "accepted a wrong checksum")
            }
        }
        // Two ranks have written it, one reads it or, as its length has it, two.
        Memory.ofText.watch(2 * bytes.count) {
            try StoredState([name, name], in: own.path, rank: 0, ranks: 1 + bytes.count % 2)
                .fill(State(), from: "state")
        }
    }
}
