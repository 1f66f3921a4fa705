import DataParallel
import Datasets
import Foundation
import Storage

/// The largest picture that a report takes.
let mostPictureBytes = 64 << 20

/// gnuplot, which draws the curves.
struct Gnuplot {
    private let program: String

    /// What gnuplot may know of the user's environment: where it, its libraries and fonts are. A terminal of the user's
    /// choice would be started before the script chooses its own.
    private static let environment = ProcessInfo.processInfo.environment.filter { name, _ in
        [
            "PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH",
            "FONTCONFIG_FILE", "FONTCONFIG_PATH", "GDFONTPATH", "XDG_CACHE_HOME",
        ].contains(name)
    }
    /// Seconds that a picture may take, and after which a line says that one takes long.
    private static let limit = 30.0, patience = 10.0
    /// How many of the last bytes that it says are kept.
    private static let lastWords = 4096

    /// Nil where no folder of PATH has it.
    init?() {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        guard let found = folders.map({ "\($0)/gnuplot" }).first(where: FileManager.default.isExecutableFile) else {
            return nil
        }
        program = found
    }

    /// A picture in PNG. The script and what it draws live in a temporary folder, which is gone afterwards.
    ///
    /// - Throws: `TrainingError` with gnuplot's own words, also where it does not end in time; what Foundation throws
    ///   where there is no room for the script.
    func draw(_ plot: Plot) throws -> Data {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "colonnade-report-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(plot.script(output: "figure.png").utf8).write(to: folder.appendingPathComponent("figure.gnuplot"))

        let advice = "install it again, or take it from the PATH for a report without curves"
        let process = Process(), said = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["-d", "figure.gnuplot"]  // -d: without the user's own defaults
        process.environment = Self.environment
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = said
        do {
            try process.run()
        } catch {
            throw TrainingError("\(program): cannot be started: \(error.localizedDescription); \(advice)")
        }
        let (words, inTime) = listen(to: process, said.fileHandleForReading.fileDescriptor)
        guard inTime else {
            throw TrainingError("\(program): expected a picture within \(Int(Self.limit)) s, found none; \(advice)")
        }
        guard process.terminationReason == .exit, process.terminationStatus == 0,
            let picture = try readFile(
                folder.appendingPathComponent("figure.png").path, expecting: "a picture", atMost: mostPictureBytes,
                advice: advice),
            isPNG(picture)
        else {
            let lines = words.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter
            { !$0.isEmpty }
            let last = lines.last.map { String($0.suffix(200)) } ?? "none"
            throw TrainingError("\(program): expected a picture, found none; \(advice); its last words: \(last)")
        }
        return picture
    }

    /// Waits for a process, and reads what it says on the way, so that it never waits for a reader. One that does not
    /// end in time is killed.
    ///
    /// - Returns: its last words, and whether it ended by itself.
    private func listen(to process: Process, _ descriptor: Int32) -> (words: String, inTime: Bool) {
        let start = ContinuousClock.now
        var words: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 1 << 16), isOpen = true, isSlow = false
        while true {
            // Before its end it can have said what is still to be read.
            let isRunning = process.isRunning
            var waiting = pollfd(fd: isOpen ? descriptor : -1, events: Int16(POLLIN), revents: 0)
            let isReady = poll(&waiting, 1, isRunning ? 20 : 0) > 0
            if isReady {
                let got = read(descriptor, &buffer, buffer.count)
                isOpen = got > 0
                if got > 0 { words = (words + buffer[..<got]).suffix(Self.lastWords) }
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            if !isRunning, !isReady { return (String(decoding: words, as: UTF8.self), true) }
            if seconds > Self.limit {
                // The group holds what it has started, too. Nothing waits for its end, which Foundation takes to be
                // that of all it has started, in other groups as well.
                kill(-process.processIdentifier, SIGKILL)
                return ("", false)
            }
            if seconds > Self.patience, !isSlow {
                isSlow = true
                say("gnuplot has drawn for \(Int(Self.patience)) s; after \(Int(Self.limit)) s the report goes on "
                    + "without curves")
            }
        }
    }
}

/// By its first eight bytes.
func isPNG(_ data: Data) -> Bool { data.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) }
