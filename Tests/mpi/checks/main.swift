// `mpirun -n N mpi-checks NAME` runs one check on N ranks and exits with 0 where it holds. MPITests runs all of them.

import Glibc
import Parallel

/// Checks that hold on any number of ranks.
let checks: [(name: String, body: (Communicator) throws -> Void)] = [
    ("cut", checkCut),
    ("collectives", checkCollectives),
    ("collectives-in-pieces", checkCollectivesInPieces),
    ("overlap", checkOverlap),
    ("overlap-in-pieces", checkOverlapInPieces),
    ("all-to-all", checkAllToAll),
    ("ring", checkRing),
    ("ordered-sum", checkOrderedSum),
    ("traffic", checkTraffic),
    ("communicators", checkCommunicators),
    ("errors", checkErrors),
    ("agree", checkAgree),
    ("lbfgs-traffic", checkTrainingTraffic),
    ("lbfgs-quadratic", checkQuadratic),
    ("lbfgs-rosenbrock", checkRosenbrock),
    ("lbfgs-not-finite", checkNotFinite),
    ("input-covariance", checkInputCovariance),
    ("k-means", checkKMeans),
    ("summing-exchanges", checkSummingExchanges),
    ("bfloat16", checkBFloat16),
    ("departures", checkDepartures),
    ("departing-descent", checkDepartingDescent),
    ("averaging", checkAveraging),
    ("low-rank-of-low-rank", checkLowRankOfLowRank),
    ("low-rank-feedback", checkLowRankFeedback),
]

/// Checks that end the job; MPITests knows how.
let endings: [(name: String, body: (Communicator) throws -> Void)] = [
    ("throw-while-others-wait", throwWhileOthersWait),
    ("throw-in-overlap", throwInOverlap),
    ("throw-everywhere", throwEverywhere),
    ("agreed-failure", agreedFailure),
    ("agreed-by-some", agreedBySome),
    ("stall", stall),
    ("stall-in-overlap", stallInOverlap),
    ("stall-of-a-stopped-rank", stallOfAStoppedRank),
    ("stall-of-all", stallOfAll),
    ("stalls-that-end", stallsThatEnd),
    ("stall-after-others", stallAfterOthers),
    ("leave-early", leaveEarly),
    ("hello", hello),
]

guard CommandLine.arguments.count == 2, let name = CommandLine.arguments.last else {
    print("usage: mpi-checks NAME | --list")
    exit(64)
}
if name == "--list" {
    for check in checks { print(check.name) }
    exit(0)
}
guard let check = (checks + endings).first(where: { $0.name == name }) else {
    print("mpi-checks: no check is called \(name)")
    exit(64)
}
Parallel.run(job: "mpi-checks \(name)", stallAfter: name.hasPrefix("stall") ? 4 : 300, check.body)
