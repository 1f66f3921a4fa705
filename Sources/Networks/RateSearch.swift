import DataParallel
import Datasets
import Layers
import LinearAlgebra
import Parallel
import Runs

/// `--validate`: the learning rate with the lowest error, after the last epoch, on a fixed sixth of the training
/// images, learned from the others. All rates start from the same dictionaries and pre-trained values.
struct RateSearch {
    /// The training images that are held out, and the others.
    let held: [Int]
    let others: [Int]
    /// validation.csv: the error after every epoch of every rate, or after so many steps, 1 where the loss was no
    /// number, and what had been spent by then: steps, seconds of training, bytes of the values reduced.
    private(set) var table = "learning-rate,epoch,error,steps,seconds,bytes\n"

    /// - Parameter images: how many there are.
    init(images: Int) {
        held = RandomStream(seed: 0, purpose: .validation).sample(images / 6, below: images)
        let seen = Set(held)
        others = (0..<images).filter { !seen.contains($0) }
    }

    /// Collective.
    ///
    /// - Parameters:
    ///   - rates: to try.
    ///   - every: steps between rows of the table; nil: an epoch.
    ///   - training: on `others`.
    /// - Throws: `CollectiveError` where the loss is finite with none of the rates; `MPIError`.
    mutating func run(
        _ rates: [Double], every: Int?, training: NetworkTraining, communicator: Communicator, progress: ProgressLog
    ) throws -> Double {
        let count = held.count,
            parts = training.order.parts(of: count, rank: communicator.rank, ranks: communicator.size)
        let own = Array(held[parts.range])
        var best: (rate: Double, error: Double)?
        for rate in rates {
            var error = 1.0, lines = "", bytes = 0, steps = 0
            /// - Parameter epoch: what part of the run the last steps belong to.
            func look(epoch: Int, at now: Int, _ seconds: Double) throws {
                let found = parts.local.reduce(0) { $0 + training.wrong(among: Array(own[$1])) }
                let wrong = try communicator.allReduce(Int64(found))
                error = Double(wrong) / Double(max(count, 1))
                let stage = training.plan.stages.first { $0.stage.epochs.contains(epoch - 1) }!
                bytes += (now - steps) * stage.cost.bytesPerStep
                steps = now
                lines += "\(rate),\(epoch),\(error),\(now),\(seconds),\(bytes)\n"
            }
            do {
                let watch = every.map { every in
                    (
                        every: every,
                        body: { (now: TrainingState) in try look(epoch: now.epoch + 1, at: now.steps, now.seconds) }
                    )
                }
                _ = try training.train(learningRate: rate, watch: watch) { row in
                    // The last values decide; after an epoch that ended with a row of steps there is nothing new.
                    if row.step > steps { try look(epoch: row.epoch!, at: row.step, row.seconds) }
                }
                if best == nil || error < best!.error { best = (rate, error) }
                progress.say("learning rate \(rate): validation error \(error)")
            } catch let divergence as Divergence {
                lines += "\(rate),,1,,,\n"
                progress.say("learning rate \(rate): \(divergence)")
            }
            table += lines
        }
        return try communicator.agree {
            guard let best else {
                throw TrainingError(
                    "--validate: expected a finite loss with one of the rates \(rates), found none; give a "
                        + "--learning-rate below \(rates.min()!)")
            }
            return best.rate
        }
    }
}
