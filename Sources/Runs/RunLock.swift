import Foundation
import Parallel
import Storage

/// The file `lock` of a run directory, which keeps two runs from writing there at once: it names the process that
/// writes. A lock whose process is gone is taken over.
package final class RunLock {
    /// Who holds a lock.
    struct Holder: Codable, Equatable {
        let host: String
        /// The kernel that runs, and the numbers of processes that it counts here: containers may share a host's name.
        let kernel: String
        let process: Int32
        /// When the process started, in the kernel's own count, since numbers of processes come again.
        let started: String
        /// UTC, for people.
        let time: String
        /// The Slurm job and how often it was started again.
        let slurmJob: String?
        let restarts: Int?

        /// This process, on the host of this name.
        static func own(on host: String) -> Holder {
            let environment = ProcessInfo.processInfo.environment
            return Holder(
                host: host, kernel: kernel, process: getpid(),
                started: start(of: getpid()) ?? "",
                time: ISO8601DateFormatter().string(from: Date()), slurmJob: environment["SLURM_JOB_ID"],
                restarts: environment["SLURM_RESTART_COUNT"].flatMap { Int($0) })
        }

        private static var kernel: String {
            let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
            let processes = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
            return "\(boot?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "") \(processes ?? "")"
        }

        /// The 22nd field of /proc/PID/stat; nil where there is no such process.
        private static func start(of process: Int32) -> String? {
            guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return nil }
            // The name, the second field, is in parentheses and may hold blanks.
            let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
            return fields.count > 20 ? String(fields[20]) : nil
        }

        /// Why the holder is gone; nil where it is not, or nobody can tell from here.
        func isGone(before own: Holder) -> String? {
            if host == own.host, kernel == own.kernel, !own.started.isEmpty {
                return Holder.start(of: process) == started ? nil : "process \(process) no longer runs"
            }
            if let slurmJob, slurmJob == own.slurmJob, restarts ?? 0 < own.restarts ?? 0 {
                return "Slurm has started job \(slurmJob) again since"
            }
            return nil
        }
    }

    /// Seconds between two touches of the file, and without one after which its process counts as gone.
    private static let period = 20.0, silence = 180.0
    /// Seconds to wait for a process that may be about to end, as after a kill.
    private static let patience = 3.0

    private let path: String
    private let own: Holder
    /// Touches the file; nil as long as the lock is another's.
    private var timer: DispatchSourceTimer?

    /// Takes the lock.
    ///
    /// - Parameters:
    ///   - host: the name of this machine.
    ///   - settling: seconds until a lock that was taken over is looked at again.
    ///   - warn: told of a lock that was left by a process that is gone.
    /// - Throws: `RunDirectoryError` of code 64 where another run holds it; `WriteError` where it cannot be made;
    ///   `DataError` for what is no file in its place.
    package init(_ folder: String, host: String, settling: Double = 1, warn: (String) -> Void) throws {
        path = folder + "/lock"
        own = .own(on: host)
        let own = own, end = Date(timeIntervalSinceNow: Self.patience)
        while try !Self.create(path, own) {
            guard let found = try Self.holder(path) else {
                // It is gone again, or a link that leads nowhere, which no wait takes away.
                _ = try fileStatus(path)
                continue
            }
            var reason = found.holder.flatMap { $0.isGone(before: own) } ?? Self.silent(path, folder)
            // It is written as soon as it is made.
            if reason == nil, found.text.isEmpty, Date() >= end { reason = "killed before it wrote its name there" }
            let who = found.holder.map { "process \($0.process) on \($0.host.escaped)" } ?? "an unknown process"
            if let reason, try Self.takeOver(path, from: found.text, own, settling: settling) {
                warn("\(path): left by \(who), \(reason): taken over")
                break
            }
            guard Date() >= end else {
                usleep(100_000)
                continue
            }
            throw RunDirectoryError(
                description: "\(folder): \(reason == nil ? who : "another start") runs in it: wait for its end, "
                    + "choose another folder with --run-dir, or remove \(path) if it no longer runs",
                exitCode: 64)
        }
        let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + Self.period, repeating: Self.period)
        let path = path
        timer.setEventHandler {
            // Taken over by a run that took this one for gone: two must not write.
            guard Self.isHeld(path, by: own) else {
                Parallel.end("\(path) is another run's now: this one ends, and the same command goes on")
            }
            utimes(path, nil)
        }
        timer.resume()
        self.timer = timer
    }

    deinit {
        guard let timer else { return }
        timer.cancel()
        if Self.isHeld(path, by: own) { unlink(path) }
    }

    /// - Returns: whether there was none.
    private static func create(_ path: String, _ own: Holder) throws -> Bool {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        if descriptor < 0, errno == EEXIST { return false }
        guard descriptor >= 0 else { throw WriteError(path, "create") }
        defer { close(descriptor) }
        return try write(own, to: descriptor, path, over: Data())
    }

    /// Takes over the lock with this text. The kernel's lock of the file decides between starts on one machine; on a
    /// file system where machines do not see each other's, it is who wrote last.
    ///
    /// - Returns: false where another start has taken it over.
    private static func takeOver(
        _ path: String, from text: Data, _ own: Holder, settling: Double
    ) throws -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return false }
        guard descriptor >= 0 else {
            throw RunDirectoryError(
                description: "\(path): left by a process that is gone, and cannot be taken over: "
                    + "\(String(cString: strerror(errno))): remove it, or choose another folder with --run-dir",
                exitCode: 1)
        }
        defer { close(descriptor) }
        guard try write(own, to: descriptor, path, over: text) else { return false }
        usleep(UInt32(1e6 * settling))
        return isHeld(path, by: own)
    }

    /// Writes a name in the place of another text.
    ///
    /// - Returns: whether that text was still there, and no other process was writing.
    // int flock(int fd, int operation)
    private static func write(_ own: Holder, to descriptor: Int32, _ path: String, over text: Data) throws -> Bool {
        let isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        if !isLocked, errno == EWOULDBLOCK { return false }
        // Whoever held it may have removed it, or written another name.
        var (opened, named) = (stat(), stat())
        guard fstat(descriptor, &opened) == 0, stat(path, &named) == 0, opened.st_ino == named.st_ino,
            try holder(path)?.text == text
        else { return false }
        let name = try JSONEncoder().encode(own)
        guard ftruncate(descriptor, 0) == 0,
            name.withUnsafeBytes({ pwrite(descriptor, $0.baseAddress, $0.count, 0) }) == name.count
        else {
            defer { unlink(path) }
            throw WriteError(path, "write")
        }
        return true
    }

    /// What a lock says; nil where there is none, no holder where it is not understood.
    static func holder(_ path: String) throws -> (text: Data, holder: Holder?)? {
        let text = try readFile(
            path, expecting: "a lock", atMost: 1 << 16, advice: "remove it, or choose another folder with --run-dir")
        return text.map { ($0, try? decodeJSON(Holder.self, from: $0)) }
    }

    private static func isHeld(_ path: String, by own: Holder) -> Bool {
        (try? holder(path)?.holder) == own
    }

    /// Whether a lock was not touched for long, by the clock of the file system.
    private static func silent(_ path: String, _ folder: String) -> String? {
        func time(_ path: String) -> Double? {
            var status = stat()
            return stat(path, &status) == 0 ? Double(status.st_mtim.tv_sec) : nil
        }
        let now = "\(folder)/lock.now.\(getpid())"
        guard FileManager.default.createFile(atPath: now, contents: nil) else { return nil }
        defer { unlink(now) }
        guard let touched = time(path), let now = time(now), now - touched > silence else { return nil }
        return "which has not touched it for \(Int(now - touched)) s"
    }
}
