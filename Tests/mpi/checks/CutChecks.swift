import Parallel

/// Bounds ⌊i·n/k⌋, owners, and units that stay whole, against their definitions.
func checkCut(_: Communicator) throws {
    for units in 0...23 {
        for parts in 1...9 {
            for values in [1, 5] {
                let cut = Cut(units, into: parts).scaled(by: values)
                try expectEqual(cut.total, units * values, "total of \(cut)")
                var next = 0
                for part in 0..<parts {
                    let range = cut[part]
                    try expectEqual(range.lowerBound, next, "parts join in \(cut)")
                    try expectEqual(range.upperBound, (part + 1) * units / parts * values, "bound of part \(part) of \(cut)")
                    for value in range { try expectEqual(cut.owner(of: value), part, "owner of \(value) in \(cut)") }
                    next = range.upperBound
                }
                try expectEqual(next, cut.total, "the parts of \(cut) are everything")
            }
        }
    }
    let large = Cut(3_000_000_001, into: 7).scaled(by: 1000)
    for part in 0..<7 {
        try expectEqual(large.owner(of: large[part].lowerBound), part, "first value of part \(part)")
        try expectEqual(large.owner(of: large[part].upperBound - 1), part, "last value of part \(part)")
    }
}
