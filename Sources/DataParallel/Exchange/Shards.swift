import Layers
import Parallel
import Partition

/// Which rank owns what of some learned values: every parameter's units are cut into ranks, so that each owns a part of
/// every layer. And which of them travel together, as values of a type.
struct Shards<Number: MPIScalar> {
    /// Parameters that leave together, in the order in which a network's gradients are complete: those that fit one
    /// message in all.
    let groups: [Range<Int>]
    /// Which of the flat buffer's values are each rank's, for every group.
    let parts: [Parts<Number>]
    /// The units of every parameter that are this rank's, and where their values are in the flat buffer.
    let updated: [Range<Int>]
    let own: [Range<Int>]
    /// Where each rank's values are in the flat buffer, a range per parameter.
    let ranges: [[Range<Int>]]

    init(_ values: LearnedValues, communicator: Communicator) {
        let ranks = communicator.size, cuts = values.parameters.map { Cut($0.units, into: ranks) }
        updated = cuts.map { $0[communicator.rank] }
        let ranges = (0..<ranks).map { rank in
            zip(values.parameters, cuts).map { parameter, cut in
                let part = cut.scaled(by: parameter.valuesPerUnit)[rank]
                return parameter.offset + part.lowerBound..<parameter.offset + part.upperBound
            }
        }
        self.ranges = ranges
        own = ranges[communicator.rank]

        let message = communicator.messageCapacity(of: Number.self)
        var groups: [Range<Int>] = [], count = 0
        for (b, parameter) in values.parameters.enumerated().reversed() {
            count += parameter.count
            if let last = groups.last, count <= message {
                groups[groups.count - 1] = b..<last.upperBound
            } else {
                groups.append(b..<b + 1)
                count = parameter.count
            }
        }
        self.groups = groups
        parts = groups.map { group in Parts(ranges.map { Array($0[group]) }) }
    }
}
