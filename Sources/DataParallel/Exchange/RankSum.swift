import Layers
import LinearAlgebra
import Parallel

/// The sum of a gradient over ranks, on every rank.
protocol RankSum: AnyObject {
    var order: ReductionOrder { get }

    /// Takes a shard's gradient, as `Exchange.take` does.
    func take(_ gradient: LearnedValues)
    func sum(_ gradient: LearnedValues) throws

    /// Hands over the state that outlives a sum.
    func archive(to archive: StateArchive) throws
}

extension RankSum {
    var order: ReductionOrder { .fast }
    func take(_ gradient: LearnedValues) {}
    func archive(to archive: StateArchive) throws {}
}

/// The sum of a buffer of one length as it is: one allreduce.
package final class FlatSum: RankSum {
    private let communicator: Communicator
    private let count: Int
    private let ring: Ring?

    package init(count: Int, algorithm: AllReduceAlgorithm, communicator: Communicator) {
        self.communicator = communicator
        self.count = count
        ring = algorithm == .ring ? Ring(communicator, count: count) : nil
    }


    package func sum(_ buffer: UnsafeMutableBufferPointer<Float>) throws {
        if let ring { ring.allReduce(inPlace: buffer) } else { try communicator.allReduce(inPlace: buffer) }
    }

    func sum(_ gradient: LearnedValues) throws { try sum(gradient.flat.elements) }
}
