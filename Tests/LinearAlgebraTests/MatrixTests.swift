import LinearAlgebra
import Testing

@Suite struct MatrixTests {
    private let matrix = Matrix<Float>((0..<4).map { r in (0..<5).map { Float(10 * r + $0) } })

    @Test func viewsShareMemory() {
        let view = matrix.rows(1..<3).columns(2..<4)
        #expect(view.arrays == [[12, 13], [22, 23]])
        #expect(view.stride == 5 && !view.isContiguous)
        view[1, 0] = -1
        #expect(matrix[2, 2] == -1)
        view.fill(7)
        #expect(matrix.row(2).map { $0 } == [20, 21, 7, 7, 24])
        #expect(matrix[0, 2] == 2 && matrix[3, 3] == 33)
    }

    @Test func clonesDoNot() {
        let clone = matrix.columns(1..<3).clone()
        clone[0, 0] = -1
        #expect(matrix[0, 1] == 1)
        #expect(clone.isContiguous && Array(clone.elements[2...]) == [11, 12, 21, 22, 31, 32])
    }

    @Test func aViewKeepsItsMemory() {
        func make() -> Matrix<Double> { Matrix([[1, 2], [3, 4]]).rows(1..<2) }
        #expect(make().arrays == [[3, 4]])
    }

    @Test func reshapingKeepsTheOrder() {
        #expect(matrix.reshaped(rows: 2, columns: 10)[1, 3] == 23)
        matrix.reshaped(rows: 20, columns: 1)[7, 0] = -1
        #expect(matrix[1, 2] == -1)
    }

    @Test func memoryIsAligned() {
        for columns in [1, 3, 17] {
            let address = UInt(bitPattern: Matrix<Float>(rows: 3, columns: columns).pointer)
            #expect(address % 64 == 0)
        }
    }

    @Test func roundingAndWidening() {
        let third = Matrix<Double>([[1 / 3.0]])
        #expect(third.rounded[0, 0] == Float(1) / 3)
        #expect(third.rounded.widened[0, 0] == Double(Float(1) / 3))
    }
}
