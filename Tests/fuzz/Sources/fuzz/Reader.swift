import CFuzz
import DataParallel
import Foundation
import Runs
import Storage

@testable import DataParallel

/// A reader of files, and how it is fuzzed.
struct Reader {
    /// Bytes of the longest input.
    let longest: Int
    /// Inputs to begin with.
    let seeds: [[UInt8]]
    /// Words that the format has, which inputs are made of, too.
    var words: [String] = []
    /// Gives an input to the reader.
    let read: ([UInt8]) throws -> Void
}

/// What no reader may do. Ends the process, which libFuzzer takes for a crash: the input is kept.
func finding(_ what: String) -> Never {
    say("finding: \(what)")
    abort()
}

func expect(_ holds: Bool, _ what: @autoclosure () -> String) {
    if !holds { finding(what()) }
}

/// Whether a text is a line for people: one, without what changes a terminal, and not endless.
func expectLine(_ text: String) {
    func changesTerminal(_ c: Unicode.Scalar) -> Bool {
        c.value < 0x20 || (0x7F...0x9F).contains(c.value) || (0x2028...0x202E).contains(c.value)
    }
    expect(!text.unicodeScalars.contains(where: changesTerminal), "not one line: \(text)")
    expect(text.utf8.count < 16_000, "a line of \(text.utf8.count) bytes")
}

/// The memory that a reader may have on the heap: `factor` bytes for each of the file, and what it always has.
struct Memory {
    let factor: Int
    let always: Int

    /// Files of bytes are mapped or read in pieces; labels become numbers.
    static let ofBytes = Memory(factor: 16, always: 32 << 10)
    /// In texts a cell or a line of one byte is a substring of 32 bytes in an array that has just grown, old and new
    /// beside each other; JSON takes a third of that.
    static let ofText = Memory(factor: 128, always: 32 << 10)

    /// The most that a reader had, as a part of what it may have, for the last line.
    nonisolated(unsafe) static var most = (share: 0.0, text: "none")

    /// Calls a reader as jobs do.
    ///
    /// - Parameters:
    ///   - size: bytes of the files that it reads.
    ///   - body: the call.
    /// - Returns: nil where it refused the files, with an error for people in one line.
    func watch<Result>(_ size: Int, _ body: () throws -> Result) -> Result? {
        heap_begin()
        let outcome = Swift.Result { try body() }
        let bytes = Int(heap_end())
        let allowed = always + factor * size
        expect(bytes <= allowed, "\(bytes) bytes on the heap for a file of \(size), more than \(allowed)")
        let share = Double(bytes) / Double(allowed)
        if share > Memory.most.share { Memory.most = (share, "\(bytes) bytes for a file of \(size)") }
        switch outcome {
        case .success(let result): return result
        case .failure(let error):
            expect(
                error is DataError || error is RunDirectoryError || error is CheckpointFolder.Damage
                    || error is TrainingError,
                "an error of another type, \(type(of: error)): \(error)")
            expectLine("\(error)")
            return nil
        }
    }
}

/// A folder in memory that readers read from.
struct Folder {
    let path: String

    init(_ path: String) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func file(_ name: String) -> String { path + "/" + name }

    /// - Parameter size: of the file, where it is not that of the bytes: what they do not reach is zeros.
    func write(_ name: String, _ bytes: some Collection<UInt8>, size: Int? = nil) {
        let descriptor = open(file(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        let count = [UInt8](bytes).withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
        precondition(descriptor >= 0 && count == bytes.count, "\(file(name)) cannot be written")
        if let size { precondition(ftruncate(descriptor, off_t(size)) == 0) }
        close(descriptor)
    }

    func write(_ name: String, _ text: String) { write(name, text.utf8) }

    /// Gives a file a second name.
    func link(_ name: String, to other: String) throws {
        try FileManager.default.createSymbolicLink(atPath: file(name), withDestinationPath: other)
    }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name)))) }
}
