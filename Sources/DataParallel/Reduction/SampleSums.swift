import Parallel
import Partition

extension ReductionOrder {
    /// Doubles that `SampleSums` of so many holds on the rank of most.
    package func heldValues(sumOf count: Int, ranks: Int) -> Int {
        let cut = Cut(count, into: ranks)
        return self == .fast ? 0 : SumSizes(owned: (0..<ranks).map { cut[$0].count }, order: self).heldValues
    }
}

/// Doubles that are sums over the samples of all ranks, such as moments: a rank forms those of each of its parts from
/// zeros and hands them to `take`; `sum` then leaves the sum of all in the last ones, on every rank.
package final class SampleSums {
    private let communicator: Communicator
    private let ordered: OrderedSum<Double>?

    package init(count: Int, order: ReductionOrder, communicator: Communicator) {
        self.communicator = communicator
        ordered = order == .fast ? nil : OrderedSum(Cut(count, into: communicator.size), communicator: communicator)
    }

    package func take(_ sums: UnsafeMutableBufferPointer<Double>) { ordered?.take(sums) }

    /// One allreduce; in a reproducible reduction, its parts go to owners, and an allgather follows.
    ///
    /// - Throws: `MPIError`.
    package func sum(_ sums: UnsafeMutableBufferPointer<Double>) throws {
        if let ordered { try ordered.sumToAll(sums) } else { try communicator.allReduce(inPlace: sums) }
    }
}
