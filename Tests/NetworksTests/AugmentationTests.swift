import LinearAlgebra
import Networks
import TestSupport
import Testing

@Suite struct AugmentationTests {
    static let shape = TensorShape(channels: 2, height: 5, width: 4)

    private func changed(_ rows: Matrix<Float>, _ augmentation: Augmentation, first: Int, seed: UInt64 = 7) -> Rows {
        let copy = rows.clone()
        Augmenter(augmentation, shape: Self.shape, seed: seed).apply(to: copy, first: first)
        return copy.doubles
    }

    /// Every image is one of those that a mirror and shifts make, all of which come, about equally often; what stands
    /// behind it stays.
    @Test func imagesAreMirroredAndShifted() {
        let count = 3600, rows = Matrix<Float>(rows: count, columns: 41)
        for row in 0..<count {
            for i in 0..<41 { rows[row, i] = Float(i + 1) }
        }
        var seen: [[Double]: Int] = [:]
        for row in changed(rows, Augmentation(flips: true, shift: 1), first: 100) { seen[row, default: 0] += 1 }
        var made: Set<[Double]> = []
        for mirror in [false, true] {
            for down in -1...1 {
                for right in -1...1 {
                    var image = [Double](repeating: 0, count: 40)
                    for plane in 0..<2 {
                        for y in 0..<5 {
                            for x in 0..<4 {
                                let (row, column) = (y - down, x - right)
                                guard 0..<5 ~= row, 0..<4 ~= column else { continue }
                                let from = mirror ? 3 - column : column
                                image[(plane * 5 + y) * 4 + x] = Double((plane * 5 + row) * 4 + from + 1)
                            }
                        }
                    }
                    made.insert(image + [41])
                }
            }
        }
        #expect(Set(seen.keys) == made && made.count == 18)
        // 200 each, of a binomial distribution with a deviation of 14.
        #expect(seen.values.allSatisfy { 130...270 ~= $0 })
    }

    /// An image is changed by its number among all that were seen, whatever part of a batch it comes in.
    @Test func partsAreChangedAsTheWhole() {
        let rows = normalMatrix(rows: 20, columns: 41, stream: 3), how = Augmentation(flips: true, shift: 2)
        let whole = changed(rows, how, first: 50)
        #expect(changed(rows.rows(0..<7), how, first: 50) + changed(rows.rows(7..<20), how, first: 57) == whole)
        #expect(changed(rows, how, first: 51) != whole && changed(rows, how, first: 50, seed: 8) != whole)
        #expect(changed(rows, Augmentation(flips: false, shift: 0), first: 50) == rows.doubles)
    }
}
