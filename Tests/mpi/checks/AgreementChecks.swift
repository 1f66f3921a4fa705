import Parallel

struct BadData: ExitCoded, CustomStringConvertible {
    let description: String
    let exitCode: Int32 = 65
}

/// Whoever fails, all ranks throw the same; nobody fails, all get their own value.
func checkAgree(_ world: Communicator) throws {
    try expectEqual(try world.agree { world.rank * 2 }, world.rank * 2, "a value that nobody objects to")
    for first in 0..<world.size {
        // two lines of more than the packet holds in all, in letters of two bytes
        for message in ["file \(first) is short", "öl\n" + String(repeating: "ö", count: 3000)] {
            do {
                _ = try world.agree { if world.rank >= first { throw BadData(description: message) } }
                throw CheckFailure(description: "rank \(first) failed and rank \(world.rank) does not know")
            } catch let failure as CollectiveError {
                try expectEqual(failure.rank, first, "the lowest failing rank")
                try expectEqual(failure.exitCode, 65, "its exit code")
                let place = failure.description.hasPrefix("rank \(first) on ")
                try expectEqual(place, first > 0, "a place, unless all fail, in \(failure)")
                let start = message.split(separator: "\n").joined(separator: " ").prefix(900)
                try expect(failure.description.contains(start), "the message in \(failure)")
                try expect(!failure.description.contains("\n"), "one line: \(failure)")
            }
        }
    }
    do {
        try world.agree { throw CheckFailure(description: "no code") }
        throw CheckFailure(description: "everybody failed and nobody knows")
    } catch let failure as CollectiveError {
        try expectEqual(failure.exitCode, 1, "the code of an error without one")
    }
}
