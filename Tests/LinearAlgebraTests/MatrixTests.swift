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

    /// Memory of somebody else, who goes with the last view.
    @Test func memoryOfAnOwner() {
        final class Owner {
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 24, alignment: 64)
            let release: () -> Void
            init(_ release: @escaping () -> Void) { self.release = release }
            deinit {
                memory.deallocate()
                release()
            }
        }
        var isGone = false
        do {
            func make() -> Matrix<Float> {
                let owner = Owner { isGone = true }
                for i in 0..<6 { owner.memory.storeBytes(of: Float(i), toByteOffset: 4 * i, as: Float.self) }
                return Matrix(rows: 2, columns: 3, in: owner.memory, of: owner).rows(1..<2)
            }
            let view = make()
            #expect(view.arrays == [[3, 4, 5]] && !isGone)
        }
        #expect(isGone)
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
