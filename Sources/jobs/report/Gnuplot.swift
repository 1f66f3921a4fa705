import Foundation
import Training

/// gnuplot, which draws the curves.
struct Gnuplot {
    private let program: String

    /// Nil where no folder of PATH has it.
    init?() {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        guard let found = folders.map({ "\($0)/gnuplot" }).first(where: FileManager.default.isExecutableFile) else { return nil }
        program = found
    }

    /// A picture in PNG. The script and what it draws live in a temporary folder, which is gone afterwards.
    ///
    /// - Throws: `TrainingError` with gnuplot's own words.
    func draw(_ plot: Plot) throws -> Data {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("colonnade-report-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(plot.script(output: "figure.png").utf8).write(to: folder.appendingPathComponent("figure.gnuplot"))

        let process = Process(), said = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["-d", "figure.gnuplot"]  // -d: without the user's own defaults
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = said
        do {
            try process.run()
        } catch {
            throw TrainingError(
                "\(program): cannot be started: \(error.localizedDescription); install it again, or take it from the PATH for a report "
                    + "without curves")
        }
        let words = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0,
            let picture = try? Data(contentsOf: folder.appendingPathComponent("figure.png")), isPNG(picture)
        else {
            let lines = words.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            throw TrainingError(
                "\(program): expected a picture, found none; install it again, or take it from the PATH for a report without curves; its "
                    + "last words: \(lines.last ?? "none")")
        }
        return picture
    }
}

/// By its first eight bytes.
func isPNG(_ data: Data) -> Bool { data.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) }
