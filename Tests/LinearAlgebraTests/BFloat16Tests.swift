import LinearAlgebra
import TestSupport
import Testing

@Suite struct BFloat16Tests {
    private static let halves = (0...UInt16.max).map { $0 }

    private func rounded(_ values: [Float]) -> [UInt16] {
        var halves = [UInt16](repeating: 1, count: values.count)
        roundToBFloat16(values, into: &halves, count: values.count)
        return halves
    }

    private func widened(_ halves: [UInt16]) -> [Float] {
        var values = [Float](repeating: 1, count: halves.count)
        widenFromBFloat16(halves, into: &values, count: halves.count)
        return values
    }

    @Test func everyHalfComesBack() {
        let values = widened(Self.halves)
        #expect(values.map(\.bitPattern) == Self.halves.map { naiveWidened($0).bitPattern })
        let lost = zip(Self.halves, rounded(values)).filter { half, back in
            // What is not a number comes back as one that is none.
            naiveWidened(half).isNaN ? !naiveWidened(back).isNaN : back != half
        }
        #expect(lost.isEmpty)
    }

    /// After each half: itself, just beside it, the tie with the next and both of its sides, just before the next. So
    /// all exponents, zeros, denormal numbers, what becomes infinite, infinities and what is not a number are among
    /// them.
    @Test func roundingIsToTheNearestAndTiesToEven() {
        for low in [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff] as [UInt32] {
            let values = Self.halves.map { Float(bitPattern: UInt32($0) << 16 | low) }
            #expect(rounded(values) == values.map(naiveBFloat16), "low half \(low)")
        }
        #expect(
            rounded([.greatestFiniteMagnitude, -.greatestFiniteMagnitude, .infinity, -.infinity]) == [
                0x7f80, 0xff80, 0x7f80, 0xff80,
            ])
        // 1, then half of the last place above it, and of the one above that.
        #expect(rounded([1, 1 + 0x1p-8, 1 + 0x3p-8]) == [0x3f80, 0x3f80, 0x3f82])
        #expect(rounded([.leastNonzeroMagnitude, -0.0, Float(bitPattern: 0x8001), .nan]) == [0, 0x8000, 1, 0x7fc0])
    }

    /// Lengths that no vector divides.
    @Test(arguments: [0, 1, 7, 8, 33, 1000])
    func nothingBesideIsTouched(count: Int) {
        let values = normalMatrix(rows: 1, columns: 1000, stream: 93).arrays[0]
        var halves = [UInt16](repeating: 77, count: 1001), back = [Float](repeating: 77, count: 1001)
        roundToBFloat16(values, into: &halves, count: count)
        #expect(halves == values[..<count].map(naiveBFloat16) + [UInt16](repeating: 77, count: 1001 - count))
        widenFromBFloat16(halves, into: &back, count: count)
        #expect(back == halves[..<count].map(naiveWidened) + [Float](repeating: 77, count: 1001 - count))
        addBFloat16(halves, to: &back, count: count)
        #expect(
            back[..<count].elementsEqual(halves[..<count].map { 2 * naiveWidened($0) })
                && back[count...].allSatisfy { $0 == 77 })
    }

    /// What rounding takes fits in a Float, so rounded and residual are the sum of value and residual before, exactly.
    @Test func theResidualIsWhatRoundingTook() {
        let values = (0..<65_536).map {
            Float(bitPattern: UInt32($0) << 16 | UInt32(truncatingIfNeeded: $0 &* 40_503) & 0xffff)
        }
        .filter { abs($0) < 0x1p127 }
        let before = normalMatrix(rows: 1, columns: values.count, stream: 94)
        for (i, value) in values.enumerated() { before.elements[i] *= value * 0x1p-9 }
        let residual = before.clone()
        var halves = [UInt16](repeating: 0, count: values.count)
        roundToBFloat16(values, errorFeedback: residual.pointer, into: &halves, count: values.count)
        let wrong = values.indices.filter { i in
            let whole = values[i] + before.elements[i]
            return halves[i] != naiveBFloat16(whole)
                || Double(naiveWidened(halves[i])) + Double(residual.elements[i]) != Double(whole)
        }
        #expect(wrong.isEmpty)
    }
}
