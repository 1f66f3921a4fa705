import LinearAlgebra
import Parallel

/// A check that does not hold.
struct CheckFailure: Error, CustomStringConvertible {
    let description: String
}

func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    if !condition { throw CheckFailure(description: message()) }
}

func expectEqual<T: Equatable>(_ found: T, _ expected: T, _ what: @autoclosure () -> String) throws {
    if found != expected { throw CheckFailure(description: "\(what()): expected \(expected), found \(found)") }
}

/// Bits, not values: every rank holds those of rank 0.
func expectSameEverywhere(_ values: Matrix<Float>, _ world: Communicator) throws {
    var fromRoot = Array(values.elements)
    try fromRoot.withUnsafeMutableBufferPointer { try world.broadcast($0, from: 0) }
    let same = zip(values.elements, fromRoot).allSatisfy { $0.bitPattern == $1.bitPattern }
    try expect(same, "rank \(world.rank) holds other values than rank 0")
}
