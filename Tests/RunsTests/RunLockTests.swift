import Foundation
import Runs
import TestFiles
import Testing

@Suite struct RunLockTests {
    /// Leaves the lock of another process, on this or another host.
    private func leave(_ folder: TemporaryFolder, host: String? = nil, process: Int32) throws {
        let own = try RunLock(folder.path, host: "here") { _ in }
        var holder = try #require(
            JSONSerialization.jsonObject(with: Data(folder.bytes("lock"))) as? [String: Any])
        withExtendedLifetime(own) {}
        holder["process"] = process
        holder["started"] = "1"
        if let host { holder["host"] = host }
        try folder.write("lock", [UInt8](JSONSerialization.data(withJSONObject: holder)))
    }

    @Test func oneAtATime() throws {
        let folder = try TemporaryFolder()
        var lock: RunLock? = try RunLock(folder.path, host: "here") { _ in }
        let error = #expect(throws: RunDirectoryError.self) { _ = try RunLock(folder.path, host: "here") { _ in } }
        #expect(error?.exitCode == 64 && error?.description.contains("process \(getpid()) on ") == true)
        // The one that was refused has left the other's lock.
        #expect(try folder.names == ["lock"])
        withExtendedLifetime(lock) {}
        lock = nil
        #expect(try folder.names == [])
    }

    /// A process that is gone, and a number that another process has now.
    @Test(arguments: [Int32.max, getpid()]) func aLockThatWasLeftIsTakenOver(process: Int32) throws {
        let folder = try TemporaryFolder()
        try leave(folder, process: process)
        var said: [String] = []
        let lock = try RunLock(folder.path, host: "here") { said.append($0) }
        #expect(said.count == 1 && said[0].contains("process \(process) no longer runs: taken over"), "\(said)")
        #expect(try folder.names == ["lock"])
        withExtendedLifetime(lock) {}
    }

    /// A kill between the making of the file and the writing of the name.
    @Test func anEmptyLockIsTakenOver() throws {
        let folder = try TemporaryFolder()
        try folder.write("lock", "")
        var said: [String] = []
        let lock = try RunLock(folder.path, host: "here") { said.append($0) }
        #expect(said.count == 1 && said[0].contains("killed before it wrote its name there: taken over"), "\(said)")
        #expect(try folder.names == ["lock"])
        withExtendedLifetime(lock) {}
    }

    /// Nobody can tell from here whether it runs; after three minutes without a touch it counts as gone.
    @Test func aLockOfAnotherHost() throws {
        let folder = try TemporaryFolder()
        try leave(folder, host: "elsewhere", process: 1)
        let refusal = #expect(throws: RunDirectoryError.self) { _ = try RunLock(folder.path, host: "here") { _ in } }
        #expect(refusal?.exitCode == 64)
        let old = Date(timeIntervalSinceNow: -400)
        try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: folder.file("lock"))
        var said: [String] = []
        let lock = try RunLock(folder.path, host: "here") { said.append($0) }
        #expect(said.count == 1 && said[0].contains("which has not touched it for "), "\(said)")
        withExtendedLifetime(lock) {}
    }

    /// A lock may say anything: the line about it stays one.
    @Test func aHostThatBreaksLinesIsEscaped() throws {
        let folder = try TemporaryFolder()
        try leave(folder, host: "a\nb\u{1B}[2J", process: 1)
        let old = Date(timeIntervalSinceNow: -400)
        try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: folder.file("lock"))
        var said: [String] = []
        let lock = try RunLock(folder.path, host: "here") { said.append($0) }
        #expect(said.count == 1 && said[0].contains(#"process 1 on a\nb\u{1B}[2J, "#), "\(said)")
        withExtendedLifetime(lock) {}
    }

    /// It is there and cannot be read: no reason to try again for ever.
    @Test func aLinkToNothing() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(atPath: folder.file("lock"), withDestinationPath: "nothing")
        expectDataError(naming: folder.file("lock"), "a link to nothing") {
            _ = try RunLock(folder.path, host: "here") { _ in }
        }
    }
}
