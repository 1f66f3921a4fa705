import Layers
import Parallel

/// One allreduce of the whole gradient, after which every rank makes the same update: no rank waits for another's values, and each
/// keeps the optimiser's whole state.
final class DynamicExchange: Exchange {
    private let communicator: Communicator
    let updated: [Range<Int>]
    let wireBytesPerStep: Int

    init(_ values: LearnedValues, communicator: Communicator) {
        self.communicator = communicator
        updated = values.buckets.map { 0..<$0.units }
        wireBytesPerStep = 4 * 2 * (communicator.size - 1) * values.count / communicator.size
    }

    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule) throws -> Double {
        try communicator.allReduce(inPlace: gradient.flat.elements)
        return ContinuousClock().measure {
            for b in values.buckets.indices {
                rule.update(bucket: b, values: values.matrix(b), gradient: gradient.matrix(b))
            }
        }.seconds
    }
}
