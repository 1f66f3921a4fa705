import Partition

/// Epochs of a run in which the same values are learned. A run is one stage, or several where dictionaries are unfrozen, take turns
/// with w, or grow; the optimiser's velocities begin anew in each.
public struct TrainingStage: Equatable, Sendable {
    /// What is learned of a predicted layer; other layers are always learned.
    public enum Part: Sendable {
        /// w and biases.
        case values
        /// U; w and biases are held.
        case dictionaries
        /// w and biases, and U where it is learned at all.
        case both
    }

    /// Counted from 0.
    public let epochs: Range<Int>
    /// The proportion of every predicted layer's weights that w stands for; nil: nothing is predicted.
    public let proportion: Double?
    /// What of them is learned.
    public let learns: Part

    /// Whether another stage differs in its epochs alone, and so costs the same.
    public func isLike(_ other: TrainingStage) -> Bool { proportion == other.proportion && learns == other.learns }
}

extension MLPSettings {
    /// The proportions that are learned one after another; each wants an epoch at least.
    public var proportions: [Double] {
        guard let learned else { return [] }
        return sequence(first: growth ?? learned) { 2 * $0 }.prefix { $0 < learned } + [learned]
    }

    /// The stages of the run; none has no epochs, but where the run has none.
    ///
    /// - `growth`: the proportion doubles until it reaches `learned`, and the epochs are cut evenly.
    /// - `unfreezeAfter`: U is held for so many epochs, then learned with w.
    /// - `alternate`: w for so many epochs, then U for as many, and so on.
    public var stages: [TrainingStage] {
        func stage(_ epochs: Range<Int>, _ learns: TrainingStage.Part, _ proportion: Double? = nil) -> TrainingStage {
            TrainingStage(epochs: epochs, proportion: proportion ?? learned, learns: learns)
        }
        if epochs == 0 { return [stage(0..<0, .both)] }
        if growth != nil {
            let cut = Cut(epochs, into: proportions.count)
            return proportions.enumerated().map { stage(cut[$0.offset], .both, $0.element) }
        }
        if let unfreezeAfter {
            return [stage(0..<unfreezeAfter, .values), stage(unfreezeAfter..<epochs, .both)].filter { !$0.epochs.isEmpty }
        }
        if let alternate {
            return stride(from: 0, to: epochs, by: alternate).enumerated().map { turn, start in
                stage(start..<min(start + alternate, epochs), turn % 2 == 0 ? .values : .dictionaries)
            }
        }
        return [stage(0..<epochs, .both)]
    }

    /// Whether a hidden layer's U is learned in a stage.
    public func learnsDictionary(ofLayer k: Int, in stage: TrainingStage) -> Bool {
        let ever = dictionaries[k].isLearned || (unfreezeAfter != nil || alternate != nil) && dictionaries[k] != .dense
        return ever && stage.learns != .values
    }
}
