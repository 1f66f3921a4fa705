import Foundation
import Runs
import Storage
import TestSupport
import Testing

@Suite struct RunDirectoryTests {
    /// Read from JSON, as a record needs a communicator otherwise.
    private func record(
        _ settings: [String: String], job: String = "rica", ranks: Int = 1, environment: String = "environment"
    ) throws -> RunRecord {
        let object: [String: Any] = [
            "job": job, "settings": settings, environment: ["data": "here"], "ranks": ranks, "hosts": ["a"],
            "versions": ["mpi": "any"],
        ]
        return try JSONDecoder().decode(RunRecord.self, from: JSONSerialization.data(withJSONObject: object))
    }

    @Test func theSameSettingsMayComeAgain() throws {
        try withFolder { folder in
            let directory = RunDirectory(path: folder + "/a/b")
            try directory.open(try record(["seed": "1", "lambda": "0.05"]))
            try directory.open(try record(["seed": "1", "lambda": "0.05"], ranks: 4))
            let written = try JSONDecoder().decode(
                RunRecord.self, from: #require(FileManager.default.contents(atPath: directory.file("run.json"))))
            #expect(written.ranks == 4 && written.settings == ["seed": "1", "lambda": "0.05"])
        }
    }

    /// A record may name its environment `circumstances`; it is written as `environment`.
    @Test func circumstancesAreAnEnvironment() throws {
        let read = try record(["seed": "1"], environment: "circumstances")
        #expect(read.environment == ["data": "here"] && read.settings == ["seed": "1"])
        let written = try #require(
            JSONSerialization.jsonObject(with: JSONEncoder().encode(read)) as? [String: Any])
        #expect(written["environment"] as? [String: String] == ["data": "here"] && written["circumstances"] == nil)
        #expect(throws: DecodingError.self) { try record(["seed": "1"], environment: "surroundings") }
    }

    /// A kill leaves a file that was being written; what is not a run's own stays.
    @Test func halvesOfFilesAreRemoved() throws {
        try withFolder { folder in
            let others = ["a.safetensors.7.part", "metrics.csv.part", "metrics.csv.7.parts", "model.safetensors.x.part"]
            for name in ["model.safetensors.7.part", "run.json.123456.part"] + others {
                #expect(FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: Data([1])))
            }
            let directory = RunDirectory(path: folder)
            try directory.open(try record(["seed": "1"]))
            directory.close()
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(left.sorted() == (others + ["run.json"]).sorted())
        }
    }

    @Test func otherSettingsAreRefused() throws {
        try withFolder { folder in
            let directory = RunDirectory(path: folder)
            try directory.open(try record(["columns": "2", "lambda": "0.05", "seed": "1"]))
            let before = FileManager.default.contents(atPath: directory.file("run.json"))
            let other = try record(["columns": "2", "lambda": "0.1", "seed": "2"])
            let error = #expect(throws: RunDirectoryError.self) { try directory.open(other) }
            #expect(error?.exitCode == 64)
            let text = error?.description ?? ""
            #expect(
                text.contains("\(folder) holds a run with lambda 0.05, this one has 0.1; seed 1, this one has 2: ")
                    && text.contains("--run-dir") && !text.contains("columns") && !text.contains("\n"))
            #expect(FileManager.default.contents(atPath: directory.file("run.json")) == before)

            let missing = try record(["columns": "2", "lambda": "0.05"])
            #expect(
                #expect(throws: RunDirectoryError.self) { try directory.open(missing) }?.description.contains("seed")
                    == true)
            let job = try record(["columns": "2", "lambda": "0.05", "seed": "1"], job: "mlp")
            #expect(
                #expect(throws: RunDirectoryError.self) { try directory.open(job) }?.description.contains("job rica")
                    == true)
        }
    }

    /// A run.json may say anything: the line about it stays one.
    @Test func settingsThatBreakLinesAreEscaped() throws {
        try withFolder { folder in
            let directory = RunDirectory(path: folder)
            try directory.open(try record(["see\nd": "1\u{1B}[2J"]))
            let other = try record(["seed": "1"])
            let text = #expect(throws: RunDirectoryError.self) { try directory.open(other) }?.description ?? ""
            #expect(text.contains(#"see\nd 1\u{1B}[2J, this one has none; seed none, this one has 1"#), "\(text)")
        }
    }

    /// What validation chose is in the model, so a phase that uses the model may come with it; a new run may not.
    @Test func whatValidationChoseIsNotAnyValue() throws {
        try withFolder { folder in
            let directory = RunDirectory(path: folder)
            let searched = try record(["lambda": RunRecord.byValidation]), given = try record(["lambda": "7"])
            try directory.open(searched)
            #expect(#expect(throws: RunDirectoryError.self) { try directory.open(given) }?.exitCode == 64)
            let phase = RunPhase("encode", inputs: "", leaves: "", usesModel: true)
            try directory.open(try record(["lambda": "0.005"]), phase: phase)
        }
        try withFolder { folder in
            let directory = RunDirectory(path: folder)
            try directory.open(try record(["lambda": "7"]))
            let searched = try record(["lambda": RunRecord.byValidation])
            #expect(#expect(throws: RunDirectoryError.self) { try directory.open(searched) }?.exitCode == 64)
        }
    }

    @Test func anotherRunJsonIsRefused() throws {
        try withFolder { folder in
            let directory = RunDirectory(path: folder)
            try directory.write("something else", to: "run.json")
            let ours = try record([:])
            #expect(#expect(throws: RunDirectoryError.self) { try directory.open(ours) }?.exitCode == 64)
        }
    }

    /// A pipe would be waited for, and a large file read.
    @Test func whatIsNoFileOfARecordIsRefused() throws {
        try withFolder { folder in
            let directory = RunDirectory(path: folder), ours = try record([:])
            #expect(mkfifo(directory.file("run.json"), 0o600) == 0)
            let error = #expect(throws: DataError.self) { try directory.open(ours) }
            #expect(error?.message.contains("run.json: expected the record of a run, found a folder, a pipe") == true)
        }
        try withFolder { folder in
            let directory = RunDirectory(path: folder), ours = try record([:])
            try Data().write(to: URL(fileURLWithPath: directory.file("run.json")))
            #expect(truncate(directory.file("run.json"), 1 << 40) == 0)
            #expect(#expect(throws: DataError.self) { try directory.open(ours) }?.message.contains("--run-dir") == true)
        }
    }

    /// Below a file, where even root makes no directory.
    @Test func aDirectoryThatCannotBeMadeIsRefused() throws {
        try withFolder { folder in
            try Data().write(to: URL(fileURLWithPath: folder + "/file"))
            let directory = RunDirectory(path: folder + "/file/run"), ours = try record([:])
            let error = #expect(throws: RunDirectoryError.self) { try directory.open(ours) }
            #expect(error?.exitCode == 1)
            #expect(
                error?.description.contains(folder + "/file/run") == true
                    && error?.description.contains("--run-dir") == true)
        }
    }

    /// What was trained is not lost with the folder that it was meant for.
    @Test func aDirectoryThatVanishesIsMadeAgain() throws {
        try withFolder { folder in
            let directory = RunDirectory(path: folder + "/a/run")
            try directory.open(try record(["seed": "1"]))
            let before = FileManager.default.contents(atPath: directory.file("run.json"))
            try FileManager.default.removeItem(atPath: folder + "/a")
            try directory.write("step\n", to: "metrics.csv")
            #expect(FileManager.default.contents(atPath: directory.file("metrics.csv")) == Data("step\n".utf8))
            #expect(FileManager.default.contents(atPath: directory.file("run.json")) == before)
        }
    }

    @Test func aDiskWithoutRoomIsRefused() throws {
        try withFolder { folder in
            let directory = RunDirectory(path: folder), ours = try record([:])
            let error = #expect(throws: RunDirectoryError.self) { try directory.open(ours, expecting: .max) }
            #expect(error?.exitCode == 1)
            #expect(error?.description.contains("of free space for the files of this run, found ") == true)
            #expect(!FileManager.default.fileExists(atPath: directory.file("run.json")))
        }
    }
}
