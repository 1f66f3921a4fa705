import Foundation
import Synchronization

/// When the time of a job is over: as it was told, or as Slurm says.
///
/// Slurm is asked at the start and every minute, since an administrator may change the limit.
public final class TimeLimit: Sendable {
    private let known = Mutex<Date?>(nil)

    /// - Parameter told: the time that the user gave; nil: that of the Slurm job, where there is one.
    public init(told: Date?) {
        let environment = ProcessInfo.processInfo.environment
        if let told {
            known.withLock { $0 = told }
            return
        }
        if let text = environment["SLURM_JOB_END_TIME"], let seconds = Double(text), seconds > 0 {
            known.withLock { $0 = Date(timeIntervalSince1970: seconds) }
        }
        if let job = environment["SLURM_JOB_ID"], job.allSatisfy(\.isNumber) {
            // As long as the process lives.
            Thread {
                while true {
                    self.ask(job)
                    Thread.sleep(forTimeInterval: 60)
                }
            }.start()
        }
    }

    public var end: Date? { known.withLock { $0 } }

    private func ask(_ job: String) {
        let process = Process(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["scontrol", "-o", "show", "job", job]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        if let end = TimeLimit.end(of: job, in: text) { known.withLock { $0 = end } }
    }

    /// The time in `EndTime=2026-11-29T14:00:00` of what `scontrol -o show job` prints; nil where there is none.
    ///
    /// The number of one task of a job array is that of the array, too: then there is a line for every task.
    package static func end(of job: String, in text: String) -> Date? {
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("JobId=\(job) ") }
        guard let field = line?.split(separator: " ").first(where: { $0.hasPrefix("EndTime=") }) else { return nil }
        return date(String(field.dropFirst("EndTime=".count)))
    }

    /// A local time written as 2026-11-29T14:00:00.
    public static func date(_ text: String) -> Date? {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "yyyy-MM-dd'T'HH:mm:ss"
        return format.date(from: text)
    }
}
