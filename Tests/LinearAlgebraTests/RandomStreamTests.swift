import LinearAlgebra
import TestSupport
import Testing

@Suite struct RandomStreamTests {
    /// The known answers of Random123's tests, first for the naive version.
    @Test func philoxGivesTheKnownAnswers() {
        #expect(naivePhilox(counter: [0, 0, 0, 0], key: [0, 0]) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
        #expect(
            naivePhilox(counter: [.max, .max, .max, .max], key: [.max, .max])
                == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
        #expect(
            naivePhilox(counter: [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], key: [0xa409_3822, 0x299f_31d0])
                == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
        #expect(RandomStream(seed: 0, purpose: .init(0)).bits(at: 0) == 0xe169_c58d_6627_e8d5)
    }

    @Test func everyPartOfTheAddressCounts() {
        let seed: UInt64 = 0x299f_31d0_a409_3822, index = 0x15a3_08d3_243f_6a88
        let bits = RandomStream(seed: seed, purpose: .init(0x0370_7344), stream: 0x1319_8a2e).bits(at: index)
        let naive = naivePhilox(counter: [0x243f_6a88, 0x15a3_08d3, 0x1319_8a2e, 0x0370_7344], key: [0xa409_3822, 0x299f_31d0])
        #expect(bits == UInt64(naive[1]) << 32 | UInt64(naive[0]))
    }

    @Test func normalsHaveTheMomentsOfNormals() {
        let n = 100_000
        let x = normalMatrix(rows: 1, columns: n, stream: 20).doubles[0]
        func moment(_ power: Int) -> Double { x.reduce(0) { sum, v in sum + (0..<power).reduce(1.0) { p, _ in p * v } } / Double(n) }
        // Five standard deviations of each mean: variances 1, 2, 15 and 96.
        let deviation = 5 / Double(n).squareRoot()
        #expect(abs(moment(1)) < deviation)
        #expect(abs(moment(2) - 1) < deviation * 2.0.squareRoot())
        #expect(abs(moment(3)) < deviation * 15.0.squareRoot())
        #expect(abs(moment(4) - 3) < deviation * 96.0.squareRoot())
        let neighbours = zip(x, x.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / Double(n)
        #expect(abs(neighbours) < deviation)
    }

    @Test func aRangeDoesNotDependOnItsStart() {
        let random = RandomStream(seed: 3, purpose: .tests)
        var whole = [Float](repeating: 0, count: 100), part = [Float](repeating: 0, count: 63)
        whole.withUnsafeMutableBufferPointer { random.fillNormal($0) }
        part.withUnsafeMutableBufferPointer { random.fillNormal($0, from: 37) }
        #expect(part == Array(whole[37...]))
        #expect(Set(whole).count == 100)
    }

    @Test func samplesAreDifferentNumbersInOrder() {
        for stream in 0..<20 {
            let sample = RandomStream(seed: 4, purpose: .tests, stream: stream).sample(30, below: 40)
            #expect(sample.count == 30 && Set(sample).count == 30 && sample == sample.sorted())
            #expect(sample.allSatisfy { (0..<40).contains($0) })
        }
        #expect(RandomStream(seed: 4, purpose: .tests).sample(40, below: 40) == Array(0..<40))
    }

    /// Every number is drawn in half of the samples: 4,000 draws, deviation √1000, six of them.
    @Test func samplesAreUniform() {
        var counts = [Int](repeating: 0, count: 10)
        for stream in 0..<4000 {
            for i in RandomStream(seed: 5, purpose: .tests, stream: stream).sample(5, below: 10) { counts[i] += 1 }
        }
        #expect(counts.allSatisfy { abs($0 - 2000) < 190 })
    }
}
