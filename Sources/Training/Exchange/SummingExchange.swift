import Layers
import LinearAlgebra
import Parallel

/// The gradient is summed on all ranks, then every rank makes the same update: no rank waits for another's values, and each keeps the
/// optimiser's whole state.
final class SummingExchange: Exchange {
    private let expanded: ExpandedGradient?
    private let sum: any RankSum
    let updated: [Range<Int>]

    /// - Parameters:
    ///   - expanded: what is summed, and projected afterwards, instead of the gradient of the values.
    ///   - sum: made for that, or for the gradient of the values.
    init(_ values: LearnedValues, expanded: ExpandedGradient?, sum: any RankSum) {
        self.expanded = expanded
        self.sum = sum
        updated = values.buckets.map { 0..<$0.units }
    }

    var bytesPerStep: Int { sum.bytes }
    var wireBytesPerStep: Int { sum.wireBytes }
    var heldFloats: Int { sum.heldFloats }
    var order: ReductionOrder { sum.order }

    func take(_ gradient: LearnedValues) { sum.take(expanded?.values ?? gradient) }

    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule) throws -> Double {
        try sum.sum(expanded?.values ?? gradient)
        return ContinuousClock().measure {
            expanded?.project()
            rule.updateAll(values, gradient: gradient)
        }.seconds
    }
}

extension UpdateRule {
    /// Steps all units of all buckets.
    func updateAll(_ values: LearnedValues, gradient: LearnedValues) {
        for b in values.buckets.indices { update(bucket: b, values: values.matrix(b), gradient: gradient.matrix(b)) }
    }
}
