import DataParallel
import Datasets
import Layers
import LinearAlgebra
import Parallel
import Runs

/// `--validate`: the learning rate with the lowest error, after the last epoch, on a fixed sixth of the training
/// images, learned from the others. All rates start from the same dictionaries and pre-trained values.
final class RateSearch: Checkpointable {
    /// The training images that are held out, and the others.
    let held: [Int]
    let others: [Int]
    /// validation.csv: the error after every epoch of every rate, or after so many steps, 1 where the loss was no
    /// number, and what had been spent by then: steps, seconds of training, bytes of the values reduced.
    private(set) var table = "learning-rate,epoch,error,steps,seconds,bytes\n"
    /// Rates that were tried, and the best of them.
    private var tried = 0
    private var best: (rate: Double, error: Double)?
    /// The rows of the rate under way, the error of the last one, and the steps and bytes by then.
    private var lines = "", error = 1.0, steps = 0, bytes = 0

    /// - Parameter images: how many there are.
    init(images: Int) {
        held = RandomStream(seed: 0, purpose: .validation).sample(images / 6, below: images)
        let seen = Set(held)
        others = (0..<images).filter { !seen.contains($0) }
    }

    /// Whether all of some rates were tried.
    func isDone(_ rates: [Double]) -> Bool { tried == rates.count }

    /// Tries the rates that were not tried yet. Collective.
    ///
    /// - Parameters:
    ///   - rates: to try.
    ///   - every: steps between rows of the table; nil: an epoch.
    ///   - training: on `others`.
    /// - Throws: `MPIError`; as `NetworkTraining.train`, but for a loss that is no number.
    func run(
        _ rates: [Double], every: Int?, training: NetworkTraining, communicator: Communicator, progress: ProgressLog
    ) throws {
        let parts = training.order.parts(of: held.count, rank: communicator.rank, ranks: communicator.size)
        let own = Array(held[parts.range])
        /// - Parameter epoch: what part of the run the last steps belong to.
        func look(rate: Double, epoch: Int, at now: Int, _ seconds: Double) throws {
            let found = parts.local.reduce(0) { $0 + training.wrong(among: Array(own[$1])) }
            let wrong = try communicator.allReduce(Int64(found))
            error = Double(wrong) / Double(max(held.count, 1))
            let stage = training.plan.stages.first { $0.stage.epochs.contains(epoch - 1) }!
            bytes += (now - steps) * stage.cost.bytesPerStep
            steps = now
            lines += "\(rate),\(epoch),\(error),\(now),\(seconds),\(bytes)\n"
        }
        for rate in rates.dropFirst(tried) {
            do {
                let watch = every.map { every in
                    (
                        every: every,
                        body: { (now: TrainingState) in
                            try look(rate: rate, epoch: now.epoch + 1, at: now.steps, now.seconds)
                        }
                    )
                }
                _ = try training.train(learningRate: rate, watch: watch) { row in
                    // The last values decide; after an epoch that ended with a row of steps there is nothing new.
                    if row.step > self.steps { try look(rate: rate, epoch: row.epoch!, at: row.step, row.seconds) }
                }
                if best == nil || error < best!.error { best = (rate, error) }
                progress.say("learning rate \(rate): validation error \(error)")
            } catch let divergence as Divergence {
                lines += "\(rate),,1,,,\n"
                progress.say("learning rate \(rate): \(divergence)")
            }
            table += lines
            (lines, error, steps, bytes) = ("", 1, 0, 0)
            tried += 1
        }
    }

    /// The rate of the lowest error.
    ///
    /// - Throws: `TrainingError` where the loss was finite with none of the rates.
    func chosen(of rates: [Double]) throws -> Double {
        guard let best else {
            throw TrainingError(
                "--validate: expected a finite loss with one of the rates \(rates), found none; give a "
                    + "--learning-rate below \(rates.min()!)")
        }
        return best.rate
    }

    func archive(to archive: StateArchive) throws {
        try archive.number("tried", &tried)
        try archive.text("table", &table)
        try archive.text("lines", &lines)
        try archive.number("error", &error)
        try archive.number("steps", &steps)
        try archive.number("bytes", &bytes)
        var hasBest = best != nil, rate = best?.rate ?? 0, least = best?.error ?? 0
        try archive.flag("has-best", &hasBest)
        try archive.number("best-rate", &rate)
        try archive.number("best-error", &least)
        if archive.isRestoring { best = hasBest ? (rate, least) : nil }
    }
}
