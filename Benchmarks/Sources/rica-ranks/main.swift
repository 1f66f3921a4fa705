import ArgumentParser
import BenchmarkSupport
import DataParallel
import Foundation
import Layers
import LinearAlgebra
import Parallel
import Partition
import RICA
import Runs

struct Options: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rica-ranks",
        abstract:
            "Prints the median time of an evaluation of L-BFGS on RICA, on the ranks it is started with, in "
                + "milliseconds.",
        discussion:
            "Started by Benchmarks/ranks: under mpirun with all patches, twice by hand with half of them each, once "
                + "with all.",
        version: RunRecord.colonnade)

    @Option(help: "Number of the first patch.")
    var first = 0
    @Option(help: "Patches of all ranks together.")
    var patches = 20_000
    @Option(help: "Features.")
    var features = 400
    @Option(help: "Proportion learned, on the reduced path. (default: a dense layer)")
    var learned: Double?
    @Option(help: "Columns.")
    var columns = 4
    @Option(help: "Iterations; the median is over them, of their time by evaluations.")
    var iterations = 60
    @Option(help: "Wait until this time, in seconds since 1970, so that two processes begin together.")
    var startAt: Double?

    func validate() throws {
        try checkPositive((patches, "--patches"), (columns, "--columns"), (iterations, "--iterations"))
        guard features >= columns else {
            throw ValidationError("--features: expected at least one a column, found \(features)")
        }
        guard learned.map({ $0 > 0 && $0 <= 1 }) ?? true else {
            throw ValidationError("--learned: expected a proportion above 0, at most 1, found \(learned!)")
        }
    }
}

let options = Options.parseOrExit()
Parallel.run(job: "rica-ranks") { world in
    Backend.setThreads(1)
    let own = Cut(options.patches, into: world.size)[world.rank]
    var white = WhitePatches(options.first + own.lowerBound..<options.first + own.upperBound, size: 108)
    try white.moments.sums.withUnsafeMutableBufferPointer { try world.allReduce(inPlace: $0) }
    let settings = RICASettings(
        dataset: "white", learned: options.learned, columns: options.learned == nil ? 1 : options.columns, patch: 6,
        patches: options.patches, features: options.features)
    let weights = try settings.makeWeights(channels: 3)
    let objective = RICAObjective(
        weights: weights, patches: white.rows, totalPatches: options.patches,
        outerProducts: white.moments.outerProducts,
        norm: settings.norm, sparsity: settings.lambda, path: weights.isDense ? .expanded : .reduced)
    let optimiser = LBFGS(
        objective, values: settings.startingValues(for: weights).matrix(0), communicator: world,
        options: .init(iterations: options.iterations))

    while let start = options.startAt, Date().timeIntervalSince1970 < start {}
    try world.barrier()
    var times = Spread(), previous = LBFGS.Iteration.none
    try optimiser.run { iteration in
        if iteration.number > 0 {
            times.add(
                1e3 * (iteration.seconds - previous.seconds) / Double(iteration.evaluations - previous.evaluations))
        }
        previous = iteration
    }
    // A median over iterations, so a twin that is alone for the last of them does not show.
    if world.isRoot { print(String(format: "%.3f", times.median)) }
}
