import CZlib
import Datasets
import Foundation
import LinearAlgebra
import Testing

/// A folder that goes away with its last user.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "colonnade-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let file = URL(fileURLWithPath: file(name))
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    /// - Parameter mode: "a" adds a member to what is there.
    func writeGzip(_ name: String, _ bytes: [UInt8], mode: String = "wb") throws {
        let file = try #require(gzopen(file(name), mode))
        #expect(gzwrite(file, bytes, UInt32(bytes.count)) == Int32(bytes.count))
        #expect(gzclose(file) == Z_OK)
    }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name)))) }
    var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
}

/// The message of the `DataError` that `body` throws; it must be one line and name each of the parts.
func expectDataError(
    naming parts: String..., sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
    do {
        try body()
        Issue.record("no error was thrown", sourceLocation: sourceLocation)
    } catch let error as DataError {
        #expect(error.exitCode == 65)
        #expect(!error.message.contains("\n"), sourceLocation: sourceLocation)
        for part in parts {
            #expect(error.message.contains(part), "\(error.message)", sourceLocation: sourceLocation)
        }
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}

/// Bytes that depend on the seed only.
func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    let stream = RandomStream(seed: seed, purpose: .initialValues)
    return (0..<count).map { UInt8(stream.integer(below: 256, at: $0)) }
}

extension ImageSet {
    /// Images as arrays of bytes.
    func arrays(_ range: Range<Int>) throws -> [[UInt8]] {
        var bytes = [UInt8](repeating: 0, count: range.count * shape.count)
        try bytes.withUnsafeMutableBufferPointer { try read(range, into: $0) }
        return (0..<range.count).map { Array(bytes[$0 * shape.count ..< ($0 + 1) * shape.count]) }
    }
}
