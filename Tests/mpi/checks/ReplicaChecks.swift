import DataParallel
import Layers
import Parallel

/// One bit of one value on one rank is found at the steps that are compared, and named by its parameter.
func checkReplicas(_ world: Communicator) throws {
    let check = try ReplicaCheck(every: 3, on: world)
    let values = LearnedValues([("first", 4, 3), ("second", 2, 5)])
    for i in 0..<values.count { values.flat.pointer[i] = Float(i) / 7 }
    try check.check(values, step: 3)
    let last = values.flat.pointer + values.count - 1
    if world.rank == world.size - 1 { last.pointee = Float(bitPattern: last.pointee.bitPattern ^ 1) }
    // Not compared.
    for step in [4, 5] { try check.check(values, step: step) }
    do {
        try check.check(values, step: 6)
        try expect(world.size == 1, "ranks hold other values, and nobody knows")
    } catch let error as CollectiveError {
        try expect(world.size > 1 && error.exitCode == 1, "one rank alone is never another")
        try expect(error.description.contains("the same values of second on all ranks at step 6"), "\(error)")
    }
}
