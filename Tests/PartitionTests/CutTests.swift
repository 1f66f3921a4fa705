import Partition
import Testing

@Suite struct CutTests {
    /// Bounds ⌊i·n/k⌋, owners, and units that stay whole, against their definitions.
    @Test(arguments: 0...23)
    func isAsDefined(units: Int) {
        for parts in 1...9 {
            for values in [1, 5] {
                let cut = Cut(units, into: parts).scaled(by: values)
                #expect(cut.total == units * values)
                var next = 0
                for part in 0..<parts {
                    let range = cut[part]
                    #expect(range.lowerBound == next, "parts join in \(cut)")
                    #expect(range.upperBound == (part + 1) * units / parts * values, "part \(part) of \(cut)")
                    #expect(range.allSatisfy { cut.owner(of: $0) == part }, "owners in part \(part) of \(cut)")
                    next = range.upperBound
                }
                #expect(next == cut.total, "the parts of \(cut) are everything")
            }
        }
    }

    @Test func ofMoreThan32Bits() {
        let large = Cut(3_000_000_001, into: 7).scaled(by: 1000)
        for part in 0..<7 {
            #expect(large.owner(of: large[part].lowerBound) == part)
            #expect(large.owner(of: large[part].upperBound - 1) == part)
        }
    }
}
