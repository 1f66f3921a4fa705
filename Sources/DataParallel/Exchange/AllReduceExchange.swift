import Layers
import LinearAlgebra
import Parallel

/// The gradient is summed on all ranks, then every rank makes the same update: no rank waits for another's values, and
/// each keeps the optimiser's whole state.
final class AllReduceExchange: Exchange {
    private let expanded: ExpandedGradient?
    private let sum: any RankSum
    let updated: [Range<Int>]

    /// - Parameters:
    ///   - expanded: what is summed, and projected afterwards, instead of the gradient of the values.
    ///   - sum: made for that, or for the gradient of the values.
    init(_ values: LearnedValues, expanded: ExpandedGradient?, sum: any RankSum) {
        self.expanded = expanded
        self.sum = sum
        updated = values.parameters.map { 0..<$0.units }
    }

    var order: ReductionOrder { sum.order }

    func archive(to archive: StateArchive) throws { try sum.archive(to: archive) }

    func take(_ gradient: LearnedValues) { sum.take(expanded?.values ?? gradient) }

    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule, timer: StepTimer) throws {
        try sum.sum(expanded?.values ?? gradient)
        timer.measure(.compute) {
            expanded?.project()
            rule.updateAll(values, gradient: gradient)
        }
    }
}

extension UpdateRule {
    /// Steps all units of all parameters.
    func updateAll(_ values: LearnedValues, gradient: LearnedValues) {
        for b in values.parameters.indices {
            update(parameter: b, values: values.matrix(b), gradient: gradient.matrix(b))
        }
    }
}
