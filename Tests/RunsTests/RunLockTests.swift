import Foundation
import Runs
import Synchronization
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

    /// Two starts find the lock of a process that is gone at the same instant, in a hundred folders: in each, one of
    /// them gets it, and the other is refused.
    @Test func oneOfTwoTakesItOver() throws {
        final class Race: Sendable {
            let ready = Atomic(0), held = Atomic(0), refused = Atomic(0)
        }
        let all = DispatchGroup()
        var races: [Race] = [], kept: [TemporaryFolder] = []
        for _ in 0..<100 {
            let folder = try TemporaryFolder(), race = Race()
            try leave(folder, process: Int32.max)
            races.append(race)
            for _ in 0..<2 {
                all.enter()
                let path = folder.path
                Thread.detachNewThread {
                    defer { all.leave() }
                    race.ready.add(1, ordering: .sequentiallyConsistent)
                    while race.ready.load(ordering: .sequentiallyConsistent) < 2 {}
                    do {
                        let lock = try RunLock(path, host: "here") { _ in }
                        race.held.add(1, ordering: .relaxed)
                        // Until the other is refused, or has it, too.
                        while race.refused.load(ordering: .relaxed) == 0, race.held.load(ordering: .relaxed) < 2 {
                            usleep(10_000)
                        }
                        withExtendedLifetime(lock) {}
                    } catch let error as RunDirectoryError where error.exitCode == 64 {
                        race.refused.add(1, ordering: .relaxed)
                    } catch {
                        Issue.record(error)
                    }
                }
            }
            usleep(5_000)
            kept.append(folder)
        }
        all.wait()
        withExtendedLifetime(kept) {}
        #expect(races.allSatisfy { $0.held.load(ordering: .relaxed) == 1 && $0.refused.load(ordering: .relaxed) == 1 })
    }

    /// Where the kernel's lock of the file does not reach, as between two machines, who wrote last has it.
    @Test func anotherNameIsFoundAMomentLater() throws {
        let folder = try TemporaryFolder(), path = folder.path, machine = try TemporaryFolder()
        try leave(machine, host: "elsewhere", process: 1)
        let other = try machine.bytes("lock")
        try leave(folder, process: Int32.max)
        let stale = try folder.bytes("lock")
        let said = Mutex("nothing"), ends = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            do {
                let lock = try RunLock(path, host: "here", settling: 2) { _ in }
                said.withLock { $0 = "taken" }
                withExtendedLifetime(lock) {}
            } catch {
                said.withLock { $0 = "\(error)" }
            }
            ends.signal()
        }
        while try folder.bytes("lock") == stale { usleep(10_000) }
        usleep(200_000)
        try folder.write("lock", other)
        ends.wait()
        said.withLock { #expect($0.contains("process 1 on elsewhere runs in it"), "\($0)") }
        #expect(try folder.bytes("lock") == other)
    }

    /// A start that is just taking it over has the kernel's lock of the file.
    @Test func notWhileAnotherTakesItOver() throws {
        let folder = try TemporaryFolder()
        try leave(folder, process: Int32.max)
        let text = try folder.bytes("lock"), descriptor = open(folder.file("lock"), O_RDWR)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX) == 0)
        let refusal = #expect(throws: RunDirectoryError.self) { _ = try RunLock(folder.path, host: "here") { _ in } }
        #expect(refusal?.exitCode == 64 && refusal?.description.contains("another start runs in it") == true)
        #expect(try folder.bytes("lock") == text)
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
