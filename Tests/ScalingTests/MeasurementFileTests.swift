import Foundation
import Scaling
import Storage
import Testing

@Suite struct MeasurementFileTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent(
        "colonnade-\(UUID().uuidString)/in/table.csv"
    ).path
    private var file: MeasurementFile {
        MeasurementFile(path: path, columns: ["name", "ranks", "time"], key: ["name", "ranks"])
    }
    private var text: String { get throws { try String(contentsOfFile: path, encoding: .utf8) } }

    private func remove() {
        try? FileManager.default.removeItem(
            atPath: URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent().path)
    }

    @Test func aRowTakesThePlaceOfTheOneWithItsKey() throws {
        defer { remove() }
        try file.check()
        #expect(!FileManager.default.fileExists(atPath: path))
        for row in [["a", "1", "5"], ["a", "2", "4"], ["b", "1", "6"], ["a", "1", "7"]] { try file.add(row) }
        #expect(try text == "name,ranks,time\na,1,7\na,2,4\nb,1,6\n")
    }

    @Test(arguments: [
        ("name,time\n", "expected the columns name,ranks,time, found name,time: choose another file with --csv"),
        ("name,ranks,time\na,1\n", "line 2: expected 3 values, found 2: choose another file with --csv"),
        ("name,ranks,time\nb,1,2\na,1,2,3\n", "line 3: expected 3 values, found 4: choose another file with --csv"),
        ("name,ranks,time\na,,,,,\n", "line 2: expected 3 values, found 6: choose another file with --csv"),
        ("\u{89}PNG\n", "expected the columns name,ranks,time, found "),
    ])
    func anotherFileIsLeftAsItIs(content: String, says: String) throws {
        defer { remove() }
        try file.check()
        try Data(content.utf8).write(to: URL(fileURLWithPath: path))
        for attempt in [file.check, { try file.add(["a", "1", "5"]) }] {
            do {
                try attempt()
                Issue.record("expected an error")
            } catch let error as DataError { #expect(error.message.hasPrefix("\(path): \(says)"), "\(error)") }
        }
        #expect(try text == content)
    }

    /// A table of an older program gets the names and the columns of this one.
    @Test func anOlderTableGoesOn() throws {
        defer { remove() }
        try file.check()
        let newer = MeasurementFile(
            path: path, columns: ["name", "shape", "ranks", "seconds"], key: ["name", "ranks"],
            formerNames: ["seconds": "time"], newColumns: ["shape"])
        try Data("name,ranks,time\na,1,5\nb,1,6\n".utf8).write(to: URL(fileURLWithPath: path))
        try newer.add(["a", "3x4", "1", "7"])
        #expect(try text == "name,shape,ranks,seconds\na,3x4,1,7\nb,,1,6\n")
        try newer.add(["b", "3x4", "2", "8"])
        #expect(try text == "name,shape,ranks,seconds\na,3x4,1,7\nb,,1,6\nb,3x4,2,8\n")
    }

    /// Files that no table fits in, or that would be read for ever.
    @Test func whatIsNoTable() throws {
        defer { remove() }
        try file.check()
        func says() throws -> String? {
            do { try file.check() } catch let error as DataError { return error.message }
            return nil
        }
        #expect(mkfifo(path, 0o600) == 0)
        let pipe = "expected a table of measurements, found a folder, a pipe or a device of that name"
        #expect(try says() == "\(path): \(pipe): choose another file with --csv")
        try FileManager.default.removeItem(atPath: path)
        try Data().write(to: URL(fileURLWithPath: path))
        #expect(truncate(path, 1 << 40) == 0)
        #expect(try says()?.contains("found 1099511627776 bytes, more than the 8388608 that are read: ") == true)
        try Data([0x6E, 0xFF]).write(to: URL(fileURLWithPath: path))
        #expect(try says()?.contains("found bytes that are no text: ") == true)
    }

    /// The mark that spreadsheets put first, and their ends of lines, are not in the way.
    @Test func aTableThatAnotherProgramWrote() throws {
        defer { remove() }
        try file.check()
        try Data("\u{FEFF}name,ranks,time\r\na,1,5\r\n".utf8).write(to: URL(fileURLWithPath: path))
        try file.add(["a", "2", "4"])
        #expect(try text == "name,ranks,time\na,1,5\na,2,4\n")
    }
}
