import Foundation

/// Configurations at rank counts on one network, the one that finishes soonest first.
public struct Plan: Sendable {
    /// A configuration at a rank count.
    public struct Choice: Sendable {
        /// What is computed, and how values travel.
        public let configuration: Configuration
        /// MPI ranks.
        public let ranks: Int
        /// Samples of a step, of all ranks together.
        public let batch: Int
        /// The time of a step that the model predicts.
        public let time: StepTime
        /// Steps to a target; nil: not known, so that a step counts as a step.
        public let steps: Double?
        /// Nil without `steps`.
        public var secondsToTarget: Double? { steps.map { $0 * time.total } }
        /// The samples per second of all ranks together.
        public var samplesPerSecond: Double { Double(batch) / time.total }
    }

    /// By seconds to the target; without one by samples a second, which for a batch of one size is by the time of a
    /// step.
    public let choices: [Choice]
    /// Those of the choices, each once.
    private let configurations: Set<Configuration>

    /// - Parameters:
    ///   - ranks: the counts to choose from.
    ///   - batch: the samples of all ranks in `strong`, per rank in `weak`.
    ///   - stepsToTarget: where given, configurations without steps are left out.
    public init(
        _ model: CostModel, _ configurations: [Configuration], ranks: [Int], batch: Int, mode: BatchMode,
        on network: Interconnect,
        oversubscribed: Bool = false, stepsToTarget: ((Configuration) -> Double?)? = nil
    ) {
        choices = configurations.flatMap { configuration in
            ranks.compactMap { ranks -> Choice? in
                let batch = mode == .strong ? batch : batch * ranks, steps = stepsToTarget?(configuration)
                guard stepsToTarget == nil || steps != nil,
                    let time = model.predict(
                        configuration, ranks: ranks, batch: batch, on: network, oversubscribed: oversubscribed)
                else { return nil }
                return Choice(configuration: configuration, ranks: ranks, batch: batch, time: time, steps: steps)
            }
        }.sorted { a, b in
            if let first = a.secondsToTarget, let second = b.secondsToTarget { return first < second }
            return a.samplesPerSecond > b.samplesPerSecond
        }
        self.configurations = Set(choices.map(\.configuration))
    }

    /// What everybody else does: the best choice that exchanges gradients of the expanded weights (`full`) of a dense
    /// net, or where no dense net does, of any. Nil where no choice does.
    public var bestFull: Choice? {
        let full = choices.filter(\.configuration.exchange.isFull)
        return full.first { $0.configuration.learned == 1 } ?? full.first
    }

    /// The choice's configuration in few words, among those of all choices.
    public func label(_ choice: Choice) -> String { choice.configuration.label(among: configurations) }

    /// One sentence: what finishes soonest, how much sooner than exchanging in full, and what may be as good. Not for
    /// an empty plan.
    ///
    /// - Parameter error90: the 90 % error of predictions, relative; nil: not known.
    public func answer(error90: Double?) -> String {
        let best = choices[0]
        func cost(_ choice: Choice) -> Double { choice.secondsToTarget ?? 1 / choice.samplesPerSecond }
        func ranks(_ choice: Choice) -> String { "\(choice.ranks) rank\(choice.ranks == 1 ? "" : "s")" }
        var text =
            "Soonest: \(label(best)) on \(ranks(best)), \(String(format: "%.3g", 1000 * best.time.total)) ms a step"
        if let seconds = best.secondsToTarget { text += ", \(String(format: "%.4g", seconds)) s to the target" }
        if let full = bestFull, full.configuration != best.configuration {
            text +=
                ", \(String(format: "%.3g", cost(full) / cost(best))) times as fast as \(label(full)) on "
                + "\(ranks(full)), its best"
        }
        if let error90 {
            let near = choices.dropFirst().filter { cost($0) * (1 - error90) < cost(best) * (1 + error90) }.count
            if near > 0 { text += "; \(near) more \(near == 1 ? "is" : "are") within the error of predictions" }
        }
        if best.steps == nil {
            text += "; per step, not per accuracy: proportions and exchanges differ in the steps that they need"
        }
        return text + "."
    }
}
