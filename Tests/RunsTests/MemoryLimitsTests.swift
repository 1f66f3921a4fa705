import Foundation
import Runs
import TestSupport
import Testing

/// A need against the limits of a machine that is written into files of a folder, as the kernel writes them below /proc
/// and /sys.
@Suite struct MemoryLimitsTests {
    private let megabyte = 1_000_000

    /// A machine of 16 GiB, of which 4 are free, and a process that has mapped 100 MiB.
    private func machine(_ files: [String: String] = [:], _ body: (String) throws -> Void) throws {
        try withFolder { root in
            let all = [
                "proc/meminfo": "MemTotal: 16777216 kB\nMemAvailable: 4194304 kB\nSwapTotal: 0 kB\n",
                "proc/self/status": "Name:\trica\nVmSize:\t  102400 kB\n",
            ].merging(files) { $1 }
            for (name, text) in all {
                let file = URL(fileURLWithPath: root + "/" + name)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
            try body(root)
        }
    }

    private func text(_ verdict: MemoryLimits.Verdict) -> String {
        switch verdict {
        case .fits: "fits"
        case .isTight(let reason): "tight: \(reason)"
        case .exceeds(let reason): "exceeds: \(reason)"
        }
    }

    @Test func theMachine() throws {
        try machine { root in
            let limits = MemoryLimits(root: root, addressSpace: .max)
            #expect(limits.verdict("it", needs: 4000 * megabyte) == .fits)
            #expect(
                text(limits.verdict("it", needs: 5000 * megabyte)).hasPrefix("tight: it needs 5000 MB beside 12.9 GB"))
            let reason = text(limits.verdict("it", needs: 6000 * megabyte, processes: 3))
            #expect(
                reason == "exceeds: it needs 6000 MB for each of 3 ranks: expected 18.0 GB of memory, found 17.2 GB "
                    + "(the memory of the machine)")
            #expect(text(limits.verdict("it", needs: .max, processes: .max)).hasPrefix("exceeds"))
        }
    }

    @Test func theAddressSpaceCountsWhatIsMapped() throws {
        try machine { root in
            let limits = MemoryLimits(root: root, addressSpace: 500 << 20)
            #expect(limits.verdict("it", needs: 400 << 20) == .fits)
            #expect(text(limits.verdict("it", needs: 400 << 20 + 1)).contains("(ulimit -v)"))
            // It is one process's own.
            #expect(limits.verdict("it", needs: 300 << 20, processes: 4) == .fits)
            #expect(text(limits.verdict("it", needs: 0, mapped: 401 << 20)).hasPrefix("exceeds"))
        }
    }

    @Test(arguments: [
        [
            "proc/self/cgroup": "0::/slurm/job7/step0\n", "sys/fs/cgroup/slurm/job7/step0/memory.max": "max\n",
            "sys/fs/cgroup/slurm/job7/memory.max": "1000000000\n",
            "sys/fs/cgroup/slurm/job7/memory.current": "700000000\n",
            "sys/fs/cgroup/slurm/job7/memory.stat": "anon 1\ninactive_file 300000000\n",
            "sys/fs/cgroup/slurm/memory.max": "2000000000\n",
        ],
        [
            "proc/self/cgroup": "9:name=systemd:/\n4:memory:/slurm/job7\n0::/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/slurm/job7/memory.limit_in_bytes": "1000000000\n",
            "sys/fs/cgroup/memory/slurm/job7/memory.usage_in_bytes": "700000000\n",
            "sys/fs/cgroup/memory/slurm/job7/memory.stat": "cache 1\ninactive_file 1\ntotal_inactive_file 300000000\n",
        ],
    ])
    func theLowestLimitOfTheGroups(files: [String: String]) throws {
        try machine(files) { root in
            let limits = MemoryLimits(root: root, addressSpace: .max)
            #expect(limits.verdict("it", needs: 600 * megabyte) == .fits)
            #expect(text(limits.verdict("it", needs: 601 * megabyte)).hasPrefix("tight: it needs 601 MB beside 400 MB"))
            let reason = text(limits.verdict("it", needs: 501 * megabyte, processes: 2))
            #expect(reason.hasPrefix("exceeds: ") && reason.contains("found 1000 MB (the cgroup /sys/fs/cgroup"))
            #expect(reason.contains("slurm/job7)"))
        }
    }

    /// Where there are no such files, nothing is known and nothing refused.
    @Test func withoutFiles() throws {
        try withFolder { root in
            #expect(MemoryLimits(root: root, addressSpace: .max).verdict("it", needs: 1 << 50) == .fits)
        }
    }
}
