import DataParallel
import Foundation
import LinearAlgebra
import Logging
import Parallel
import Runs

/// Takes what the libraries need before MPI starts, or says what is missing. Later, MPI would fail in words of its own
/// and OpenBLAS try for ever in silence.
///
/// - Parameter threads: BLAS threads of this process.
/// - Throws: `TrainingError`, which names the limit and the need.
func takeLibraryResources(threads: Int) throws {
    Allocation.whenRefused { Parallel.end($0) }
    // What Open MPI 4.1 needs on one host: PMIx maps files of 4 MiB, under mpirun of more.
    try checkLimit(RLIMIT_FSIZE, "ulimit -f", atLeast: 1 << 23, "bytes in a file")
    try checkLimit(RLIMIT_NOFILE, "ulimit -n", atLeast: 64, "open files")
    // What MPI_Init maps (Open MPI 4.1, one host), and what the libraries touch.
    let mapped = 320_000_000 + Backend.bytes(threads: threads)
    let touched = 128_000_000
    let advice = ": raise the limit, or give fewer --threads"
    let what = "MPI with \(threads) BLAS thread\(threads == 1 ? "" : "s")"
    if case .exceeds(let reason) = MemoryLimits().verdict(what, needs: touched, mapped: mapped) {
        throw TrainingError(reason + advice)
    }
    // What no limit tells of, such as a strict overcommit, shows in the attempt.
    let tried = touched + Backend.bytes(threads: threads)
    let attempt = mmap(nil, tried, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let attempt, attempt != MAP_FAILED else {
        throw TrainingError(
            "\(what) needs \(readable(bytes: tried)) of memory: expected that the system maps it, "
                + "found \(String(cString: strerror(errno)))" + advice)
    }
    munmap(attempt, tried)
    Backend.setThreads(threads)
    Backend.takeBuffers()
}

// int getrlimit(int resource, struct rlimit *rlim)
private func checkLimit(_ resource: __rlimit_resource, _ name: String, atLeast least: UInt, _ unit: String) throws {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0, limit.rlim_cur < least else { return }
    throw TrainingError(
        "MPI needs \(least) \(unit): expected a limit (\(name)) of as many at least, found \(limit.rlim_cur): raise it")
}

/// Holds a plan against the memory of this machine, before the work. Costs the collective of `agree`.
///
/// - Parameters:
///   - bytes: what a rank will take at most beside what it has.
///   - hosts: the host of every rank.
///   - isDryRun: a need that is too large is told, and no error.
/// - Throws: `CollectiveError` with exit code 1 where a rank's machine or its limits are too small for it.
func checkMemory(_ bytes: Int, hosts: [String], isDryRun: Bool, logger: Logger, on world: Communicator) throws {
    let ranks = hosts.count { $0 == hosts[world.rank] }
    let verdict = MemoryLimits().verdict("the run", needs: bytes, processes: ranks)
    // Machines may differ: the first rank of each speaks for it.
    if hosts.firstIndex(of: hosts[world.rank]) == world.rank {
        let place = world.isRoot ? "" : "\(world.hostName): "
        switch verdict {
        case .isTight(let reason): logger.warning("\(place)\(reason): it may be killed")
        case .exceeds(let reason) where isDryRun: logger.warning("\(place)\(reason)")
        default: break
        }
    }
    try world.agree {
        if case .exceeds(let reason) = verdict, !isDryRun {
            throw TrainingError(reason + ": start fewer ranks on a machine, or make the run smaller")
        }
    }
}
