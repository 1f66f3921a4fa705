import Foundation
import Storage
import TestFiles
import Testing

@Suite struct AtomicFileTests {
    @Test func replacesOnlyAtTheCommit() throws {
        let folder = try TemporaryFolder()
        try writeAtomically(Data("old".utf8), to: folder.file("x"))
        let file = try AtomicFile(path: folder.file("x"))
        try Array("new".utf8).withUnsafeBytes { try file.write($0) }
        try Array(" content".utf8).withUnsafeBytes { try file.write($0) }
        #expect(try folder.bytes("x") == Array("old".utf8))
        try file.commit()
        #expect(try folder.bytes("x") == Array("new content".utf8))
        #expect(try folder.names == ["x"])
    }

    @Test func leavesNothingWithoutACommit() throws {
        let folder = try TemporaryFolder()
        do {
            let file = try AtomicFile(path: folder.file("x"))
            try [UInt8](repeating: 1, count: 100).withUnsafeBytes { try file.write($0) }
            #expect(try folder.names == ["x.\(getpid()).part"])
        }
        #expect(try folder.names == [])
    }

    @Test func namesWhatCannotBeWritten() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("no/such/folder/x")
        #expect { try writeAtomically(Data(), to: path) } throws: {
            let message = String(describing: $0)
            return $0 is WriteError && message.contains(path) && !message.contains("\n")
        }
        // A folder stands where the file should go.
        try FileManager.default.createDirectory(atPath: folder.file("taken"), withIntermediateDirectories: true)
        #expect(throws: WriteError.self) { try writeAtomically(Data(), to: folder.file("taken")) }
        #expect(try folder.names == ["taken"])
    }

    /// A full disk, as the kernel's own device plays it.
    @Test func fullDisk() throws {
        let folder = try TemporaryFolder()
        #expect(symlink("/dev/full", folder.file("x.\(getpid()).part")) == 0)
        #expect { try writeAtomically(Data([1, 2, 3]), to: folder.file("x")) } throws: {
            String(describing: $0).contains("x.\(getpid()).part: cannot write: No space left")
        }
        #expect(try folder.names == [])
    }
}
