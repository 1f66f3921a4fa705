import Parallel

Parallel.run(job: "with-parallel") { world in
    let ranks = try world.allReduce(Int32(1))
    if world.isRoot { print("\(ranks) of \(world.size) ranks") }
}
