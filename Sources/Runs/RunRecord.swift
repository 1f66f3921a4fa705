import Foundation
import LinearAlgebra
import Parallel

/// run.json: what was run, where, and with which versions.
public struct RunRecord: Codable, Sendable {
    public let job: String
    /// What the result depends on, by option name; compared when a run directory is used again.
    public let settings: [String: String]
    /// What it does not depend on: the data folder, threads, paths. A record that has it as `circumstances` is read,
    /// too.
    public let environment: [String: String]
    public let ranks: Int
    /// The host of every rank.
    public let hosts: [String]
    public let versions: [String: String]
    /// What tells this run from another in the same directory; nil in a record of an older version.
    public internal(set) var id: String?
    /// Every time that the run was started, the last one last.
    public internal(set) var starts: [Start]

    /// One start of a run.
    public struct Start: Codable, Sendable {
        /// UTC, as in 2026-11-29T14:00:00Z.
        public let time: String
        public let ranks: Int
        public let hosts: [String]
        public let slurmJob: String?
    }

    public init(
        job: String, settings: [String: String], environment: [String: String], communicator: Communicator,
        hosts: [String]
    ) {
        self.job = job
        self.settings = settings
        self.environment = environment
        ranks = communicator.size
        self.hosts = hosts
        starts = [
            Start(
                time: ISO8601DateFormatter().string(from: Date()), ranks: communicator.size, hosts: hosts,
                slurmJob: ProcessInfo.processInfo.environment["SLURM_JOB_ID"])
        ]
        versions = [
            "colonnade": RunRecord.colonnade, "revision": RunRecord.revision() ?? "unknown", "swift": RunRecord.swift,
            "mpi": Parallel.libraryVersion, "blas": Backend.version, "blas kernels": Backend.kernels,
        ]
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        job = try values.decode(String.self, forKey: .job)
        settings = try values.decode([String: String].self, forKey: .settings)
        environment =
            try decoder.container(keyedBy: OtherKeys.self).decodeIfPresent(
                [String: String].self, forKey: .circumstances)
            ?? values.decode([String: String].self, forKey: .environment)
        ranks = try values.decode(Int.self, forKey: .ranks)
        hosts = try values.decode([String].self, forKey: .hosts)
        versions = try values.decode([String: String].self, forKey: .versions)
        id = try values.decodeIfPresent(String.self, forKey: .id)
        starts = try values.decodeIfPresent([Start].self, forKey: .starts) ?? []
    }

    private enum OtherKeys: String, CodingKey { case circumstances }

    /// Characters of an id: hexadecimal digits.
    public static let idLength = 16

    /// The id, where it is one: what a file says may be anything.
    var validID: String? {
        id.flatMap { $0.utf8.count == RunRecord.idLength && $0.allSatisfy { $0.isHexDigit && $0.isASCII } ? $0 : nil }
    }

    public static let colonnade = "0.1.0"

    /// The most bytes of a run.json or result.json that are read: the hosts of a million ranks have room in it.
    public static let mostBytes = 64 << 20

    static var swift: String {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }

    /// The value of a setting that `--validate` chooses: a later phase, which takes the setting from the model, may
    /// have any.
    public static let byValidation = "by validation"

    /// The settings in which a later record differs, and both values.
    ///
    /// - Parameter usesModel: whether the later run takes its settings from the model that this one left.
    func differences(from other: RunRecord, usesModel: Bool) -> [(name: String, ours: String, theirs: String)] {
        if job != other.job { return [("job", job, other.job)] }
        var found: [(name: String, ours: String, theirs: String)] = []
        for name in Set(settings.keys).union(other.settings.keys).sorted() where settings[name] != other.settings[name]
        {
            if settings[name] == RunRecord.byValidation, usesModel { continue }
            found.append((name, settings[name] ?? "none", other.settings[name] ?? "none"))
        }
        return found
    }

    /// The commit of the checkout that the executable lies in, read from its .git; nil where there is none.
    static func revision() -> String? {
        guard var folder = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent() else {
            return nil
        }
        while folder.path != "/" {
            let git = folder.appendingPathComponent(".git")
            if let head = text(git.appendingPathComponent("HEAD")) {
                guard head.hasPrefix("ref: ") else { return head }
                let reference = String(head.dropFirst(5))
                if let commit = text(git.appendingPathComponent(reference)) { return commit }
                return text(git.appendingPathComponent("packed-refs"))?.split(separator: "\n")
                    .first { $0.hasSuffix(" " + reference) }?.split(separator: " ").first.map(String.init)
            }
            folder.deleteLastPathComponent()
        }
        return nil
    }

    private static func text(_ url: URL) -> String? {
        (try? String(contentsOf: url, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
