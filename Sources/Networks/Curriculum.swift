import Layers
import Parallel
import Partition

/// What of predicted layers is learned when.
public enum Curriculum: Codable, Hashable, Sendable {
    /// w is learned from the first step to the last, and U where a dictionary is learned.
    case fixed
    /// The proportion doubles from the first until it reaches the second; the epochs are cut evenly.
    case grow(from: Double, to: Double)
    /// U is held for so many epochs, then learned with w.
    case unfreeze(after: Int)
    /// w is learned for so many epochs, then U for as many, and so on.
    case alternate(every: Int)

    /// The proportions that are learned one after another, each for an epoch at least; none where they are those of the
    /// layers.
    public var proportions: [Double] {
        guard case .grow(let first, let last) = self else { return [] }
        return sequence(first: first) { 2 * $0 }.prefix { $0 < last } + [last]
    }

    /// The stages of a run; none has no epochs, but where the run has none.
    public func stages(epochs: Int) -> [TrainingStage] {
        func stage(_ epochs: Range<Int>, _ learns: TrainingStage.Part, _ proportion: Double? = nil) -> TrainingStage {
            TrainingStage(epochs: epochs, proportion: proportion, learns: learns)
        }
        if epochs == 0 { return [stage(0..<0, .both, proportions.last)] }
        switch self {
        case .fixed: return [stage(0..<epochs, .both)]
        case .grow:
            let cut = Cut(epochs, into: proportions.count)
            return proportions.enumerated().map { stage(cut[$0.offset], .both, $0.element) }
        case .unfreeze(let after):
            return [stage(0..<after, .values), stage(after..<epochs, .both)].filter { !$0.epochs.isEmpty }
        case .alternate(let every):
            return stride(from: 0, to: epochs, by: every).enumerated().map { turn, start in
                stage(start..<min(start + every, epochs), turn % 2 == 0 ? .values : .dictionaries)
            }
        }
    }

    /// Whether U of a kind is learned in a stage.
    public func learns(_ dictionary: DictionaryKind, in stage: TrainingStage) -> Bool {
        switch self {
        case .fixed, .grow: dictionary.traits.contains(.learned) && stage.learns != .values
        case .unfreeze, .alternate: stage.learns != .values
        }
    }
}

/// Epochs of a run in which the same values are learned. A run is one stage, or several where dictionaries are
/// unfrozen, take turns with w, or grow; the optimiser's velocities begin anew in each.
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
    /// The proportion of every predicted layer's weights that w stands for; nil: that of the layer's spec.
    public let proportion: Double?
    /// What of them is learned.
    public let learns: Part

    /// Whether another stage differs in its epochs alone, and so costs the same.
    public func isLike(_ other: TrainingStage) -> Bool { proportion == other.proportion && learns == other.learns }
}
