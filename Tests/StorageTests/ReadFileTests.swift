import Foundation
import Storage
import Testing

/// Files that are read whole.
@Suite struct ReadFileTests {
    private let path = FileManager.default.temporaryDirectory.path + "/colonnade-\(UUID().uuidString)"

    private func read(atMost limit: Int = 5) throws -> Data? {
        try readFile(path, expecting: "five bytes", atMost: limit, advice: "choose another")
    }

    private func found() -> String? {
        do { _ = try read() } catch let error as DataError { return error.message } catch { Issue.record("\(error)") }
        return nil
    }

    @Test func aFile() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try read() == nil, "there is none")
        for bytes in [Data(), Data([1, 0, 255, 10, 3])] {
            try bytes.write(to: URL(fileURLWithPath: path))
            #expect(try read() == bytes)
        }
        try Data(count: 6).write(to: URL(fileURLWithPath: path))
        #expect(found() == "\(path): expected five bytes, found 6 bytes, more than the 5 that are read: choose another")
        #expect(try read(atMost: 6)?.count == 6)
    }

    /// None of them is waited for.
    @Test(.timeLimit(.minutes(1))) func whatIsNoFile() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let says = "\(path): expected five bytes, found a folder, a pipe or a device of that name: choose another"
        #expect(mkfifo(path, 0o600) == 0)
        #expect(found() == says)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(found() == says)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/zero")
        #expect(found() == says)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
        #expect(found()?.contains("found one that cannot be opened (Too many levels of symbolic links)") == true)
    }
}
