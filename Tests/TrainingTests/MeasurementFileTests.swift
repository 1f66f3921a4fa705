import Datasets
import Foundation
import Testing
import Training

@Suite struct MeasurementFileTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("colonnade-\(UUID().uuidString)/in/table.csv").path
    private var file: MeasurementFile { MeasurementFile(path: path, columns: ["name", "ranks", "time"], key: ["name", "ranks"]) }
    private var text: String { get throws { try String(contentsOfFile: path, encoding: .utf8) } }

    private func remove() {
        try? FileManager.default.removeItem(atPath: URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent().path)
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
}
