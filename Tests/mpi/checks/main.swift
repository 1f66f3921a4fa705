// `mpirun -n N mpi-checks NAME...` runs checks on N ranks, one after the other: a line "ok NAME" for each one that
// holds. The first that fails ends the job. `mpi-checks ENDING` ends as its name says. MPITests runs all of them.

import Glibc
import Parallel

/// Checks that hold on any number of ranks.
let checks: [(name: String, body: (Communicator) throws -> Void)] = [
    ("collectives", checkCollectives),
    ("collectives-in-pieces", checkCollectivesInPieces),
    ("all-to-all", checkAllToAll),
    ("ring", checkRing),
    ("ordered-sum", checkOrderedSum),
    ("traffic", checkTraffic),
    ("communicators", checkCommunicators),
    ("errors", checkErrors),
    ("agree", checkAgree),
    ("replicas", checkReplicas),
    ("lbfgs-traffic", checkTrainingTraffic),
    ("lbfgs-quadratic", checkQuadratic),
    ("lbfgs-rosenbrock", checkRosenbrock),
    ("lbfgs-not-finite", checkNotFinite),
    ("input-moments", checkInputMoments),
    ("k-means", checkKMeans),
    ("summing-exchanges", checkSummingExchanges),
    ("bfloat16", checkBFloat16),
    ("reduceScatter", checkDepartures),
    ("departing-descent", checkDepartingDescent),
    ("averaging", checkAveraging),
    ("exchange-costs", checkExchangeCosts),
    ("epochs-of-local-steps", checkEpochsOfLocalSteps),
    ("network-memory", checkNetworkMemory),
    ("start-of-variance-one", checkStartOfVarianceOne),
    ("node-memory", checkNodeMemory),
    ("plan-that-fails", checkPlanThatFailsOnOneRank),
    ("low-rank-of-low-rank", checkLowRankOfLowRank),
    ("low-rank-feedback", checkLowRankFeedback),
]

/// Checks that end the job; MPITests knows how.
let endings: [(name: String, body: (Communicator) throws -> Void)] = [
    ("throw-while-others-wait", throwWhileOthersWait),
    ("throw-in-messages", throwInMessages),
    ("throw-everywhere", throwEverywhere),
    ("collective-error", collectiveError),
    ("stall", stall),
    ("stall-in-messages", stallInMessages),
    ("stall-of-a-stopped-rank", stallOfAStoppedRank),
    ("stall-of-mpirun", stallOfMpirun),
    ("stall-of-all", stallOfAll),
    ("stalls-that-end", stallsThatEnd),
    ("stall-after-others", stallAfterOthers),
    ("shorter-file", lookAtAShorterFile),
    ("stop-of-all", { try stopWithASlowRank($0) { _ in true } }),
    ("stop-of-the-first", { try stopWithASlowRank($0) { $0 == 0 } }),
    ("leave-early", leaveEarly),
    ("hello", hello),
]

let names = CommandLine.arguments.dropFirst()
if names == ["--list"] {
    for check in checks { print(check.name) }
    exit(0)
}
if names.count == 1, let name = names.first, let ending = endings.first(where: { $0.name == name }) {
    Parallel.run(job: "mpi-checks \(name)", stallAfter: name.hasPrefix("stall") ? 4 : 300, ending.body)
}
let chosen = names.map { name in
    guard let check = checks.first(where: { $0.name == name }) else {
        print("mpi-checks: no check is called \(name)")
        exit(64)
    }
    return check
}
guard !chosen.isEmpty else {
    print("usage: mpi-checks CHECK... | ENDING | --list")
    exit(64)
}
Parallel.run(job: "mpi-checks", stallAfter: 50) { world in
    let pieces = world.largestCount
    for check in chosen {
        // The signal ends a check that hangs outside of MPI. One that calls MPI 70,000 times yields the core as often,
        // which takes a minute where others want it, too.
        alarm(300)
        try check.body(world)
        try world.barrier()
        world.largestCount = pieces
        if world.isRoot {
            print("ok \(check.name)")
            fflush(nil)
        }
    }
    alarm(0)
}
