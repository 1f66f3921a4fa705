import Datasets
import LinearAlgebra
import Parallel

/// `--validate`: the learning rate with the lowest error, after the last epoch, on a fixed sixth of the training images, learned from the
/// others. All rates start from the same dictionaries and pre-trained values.
struct RateSearch {
    /// The training images that are held out, and the others.
    let held: [Int]
    let others: [Int]
    /// validation.csv: the error after every epoch of every rate, 1 where the loss was no number, and what had been spent by then: steps,
    /// seconds of training, bytes of the values reduced.
    private(set) var table = "learning-rate,epoch,error,steps,seconds,bytes\n"

    /// - Parameter images: how many there are.
    init(images: Int) {
        held = RandomStream(seed: 0, purpose: .validation).sample(images / 6, below: images)
        let seen = Set(held)
        others = (0..<images).filter { !seen.contains($0) }
    }

    /// Collective.
    ///
    /// - Parameter training: on `others`.
    /// - Throws: `AgreedFailure` where the loss is finite with none of the rates; `MPIError`.
    mutating func run(
        _ rates: [Double], training: MLPTraining, plan: MLPPlan, communicator: Communicator, progress: ProgressLog
    ) throws -> Double {
        let parts = training.order.parts(of: held.count, rank: communicator.rank, ranks: communicator.size)
        let own = Array(held[parts.range])
        var best: (rate: Double, error: Double)?
        for rate in rates {
            var error = 1.0, lines = "", bytes = 0, steps = 0
            do {
                _ = try training.train(learningRate: rate) { row in
                    let predicted = try parts.local.flatMap { try training.predict(Array(own[$0])) }
                    let wrong = try communicator.allReduce(Int64(zip(own, predicted).count { training.label($0) != $1 }))
                    error = Double(wrong) / Double(max(held.count, 1))
                    let stage = plan.stages.first { $0.stage.epochs.contains(row.epoch! - 1) }!
                    bytes += (row.step - steps) * stage.bytesPerStep
                    steps = row.step
                    lines += "\(rate),\(row.epoch!),\(error),\(row.step),\(row.seconds),\(bytes)\n"
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
                    "--validate: expected a finite loss with one of the rates \(rates), found none; give a smaller --learning-rate")
            }
            return best.rate
        }
    }
}
