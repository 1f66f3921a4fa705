import LinearAlgebra
import TestSupport
import Testing

@Suite struct DropoutTests {
    private let stream = RandomStream(seed: 7, purpose: .dropout, stream: 2)

    private func ones(rows: Int, columns: Int) -> Matrix<Float> {
        let matrix = Matrix<Float>(rows: rows, columns: columns)
        matrix.fill(1)
        return matrix
    }

    @Test(arguments: [1, 3, 4, 63, 64, 65, 100], [0, 1, 30])
    func theMaskIsAFunctionOfTheIndex(units: Int, firstIndex: Int) {
        let x = ones(rows: 5, columns: units + 1)
        dropout(inPlace: x.columns(0..<units), rate: 0.25, stream: stream, firstIndex: firstIndex)
        for r in 0..<5 {
            #expect(x[r, units] == 1, "the column of ones")
            for c in 0..<units {
                let index = firstIndex + r * units + c
                let word = naivePhilox(counter: [UInt32(index / 4), 0, 2, 6], key: [7, 0])[index % 4]
                #expect(x[r, c] == (Double(word) * 0x1p-32 < 0.25 ? 0 : 1 / Float(0.75)))
            }
        }
    }

    /// What makes runs with other rank counts draw one mask.
    @Test func aSliceOfTheBatchHasItsPartOfTheMask() {
        let whole = ones(rows: 10, columns: 37), slices = ones(rows: 10, columns: 37)
        dropout(inPlace: whole, rate: 0.5, stream: stream, firstIndex: 370)
        for rows in [0..<3, 3..<4, 4..<10] {
            dropout(inPlace: slices.rows(rows), rate: 0.5, stream: stream, firstIndex: 370 + rows.lowerBound * 37)
        }
        #expect(whole.arrays == slices.arrays)
    }

    @Test func theShareThatIsDroppedIsTheRate() {
        let x = ones(rows: 100, columns: 1000)
        dropout(inPlace: x, rate: 0.2, stream: stream, firstIndex: 0)
        let dropped = Double(x.elements.count { $0 == 0 })
        // Five standard deviations of a binomial count.
        #expect(abs(dropped - 20_000) < 5 * (100_000 * 0.2 * 0.8).squareRoot())
        let other = ones(rows: 100, columns: 1000)
        dropout(inPlace: other, rate: 0.2, stream: RandomStream(seed: 7, purpose: .dropout, stream: 3), firstIndex: 0)
        let both = Double(zip(x.elements, other.elements).count { $0 == 0 && $1 == 0 })
        #expect(abs(both - 4000) < 5 * (100_000 * 0.04 * 0.96).squareRoot())
    }

    @Test func noRateChangesNothing() {
        let x = normalMatrix(rows: 4, columns: 70, stream: 60)
        let before = x.arrays
        dropout(inPlace: x, rate: 0, stream: stream, firstIndex: 5)
        #expect(x.arrays == before)
    }
}
