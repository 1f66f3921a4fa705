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
        let naive = naivePhilox(
            counter: [0x243f_6a88, 0x15a3_08d3, 0x1319_8a2e, 0x0370_7344], key: [0xa409_3822, 0x299f_31d0])
        #expect(bits == UInt64(naive[1]) << 32 | UInt64(naive[0]))
    }

    @Test func normalsHaveTheMomentsOfNormals() {
        let n = 100_000
        let x = normalMatrix(rows: 1, columns: n, stream: 20).doubles[0]
        func moment(
            _ power: Int
        ) -> Double {
            x.reduce(0) { sum, v in
                sum
                    + (0..<power).reduce(
                        1.0
                    ) {
                        p, _ in p * v
                    }
            } / Double(n)
        }
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

    @Test func uniformsAreWordsOfTheGenerator() {
        let random = RandomStream(seed: 9, purpose: .init(3), stream: 8)
        for (start, count) in [(0, 1), (0, 200), (1, 63), (62, 5), (64, 64), (67, 130), (4 << 32 - 2, 8)] {
            var values = [Float](repeating: 0, count: count)
            values.withUnsafeMutableBufferPointer { random.fillUniform($0, from: start, in: -0.5..<0.5) }
            for (i, value) in values.enumerated() {
                let block = UInt64((start + i) / 4)
                let words = naivePhilox(
                    counter: [UInt32(truncatingIfNeeded: block), UInt32(block >> 32), 8, 3], key: [9, 0])
                // Exact: 24 bits, less one half.
                #expect(Double(value) == Double(words[(start + i) % 4] >> 8) * 0x1p-24 - 0.5)
            }
        }
    }

    @Test func uniformsStayInTheirRange() {
        let random = RandomStream(seed: 10, purpose: .tests)
        var values = [Float](repeating: 0, count: 10_000)
        func fill(_ range: Range<Float>) { values.withUnsafeMutableBufferPointer { random.fillUniform($0, in: range) } }
        // Four numbers only, and an eighth of the draws would round to the bound that is left out.
        let high = (1 as Float).nextUp.nextUp.nextUp.nextUp
        fill(1..<high)
        #expect(values.allSatisfy { $0 >= 1 && $0 < high } && Set(values).count == 4)
        fill(-3..<5)
        let n = Double(values.count), mean = values.reduce(0.0) { $0 + Double($1) } / n
        let variance = values.reduce(0.0) { $0 + (Double($1) - 1) * (Double($1) - 1) } / n
        // Five standard deviations: a uniform number has variance 64/12, its square about the mean 4⁴·4/45.
        #expect(abs(mean - 1) < 5 * (64 / 12 / n).squareRoot())
        #expect(abs(variance - 64.0 / 12) < 5 * (256 * 4 / 45.0 / n).squareRoot())
        #expect(values.allSatisfy { $0 >= -3 && $0 < 5 })
    }

    @Test func permutationsHoldEveryNumberOnce() {
        for count in [0, 1, 2, 100] {
            #expect(RandomStream(seed: 6, purpose: .order).permutation(of: count).sorted() == Array(0..<count))
        }
        let first = RandomStream(seed: 6, purpose: .order, stream: 1).permutation(of: 100)
        #expect(first == RandomStream(seed: 6, purpose: .order, stream: 1).permutation(of: 100))
        #expect(first != RandomStream(seed: 6, purpose: .order, stream: 2).permutation(of: 100))
    }

    /// All 24 orders of 4 numbers: 24,000 draws, deviation √(1000·23/24), five of them.
    @Test func permutationsAreUniform() {
        var counts: [[Int]: Int] = [:]
        for stream in 0..<24_000 {
            counts[RandomStream(seed: 11, purpose: .order, stream: stream).permutation(of: 4), default: 0] += 1
        }
        #expect(counts.count == 24 && counts.values.allSatisfy { abs($0 - 1000) < 155 })
    }
}
