/// A row-major matrix, or a view of a part of one.
///
/// Copying a `Matrix` copies the view, not the elements: `m.rows(2..<5)` and `m` share memory, and the memory lives
/// as long as any view of it. That is how a block of patches, the columns of one dictionary or the units of one rank
/// are handed to BLAS without a copy. Element (r, c) is at `pointer[r * stride + c]`; memory is aligned to 64 bytes.
///
/// Bounds are checked where a view is made and in debug builds at every element.
public struct Matrix<Element: Scalar>: @unchecked Sendable {
    public let rows: Int
    public let columns: Int
    /// Elements from the start of one row to the start of the next.
    public let stride: Int
    public let pointer: UnsafeMutablePointer<Element>
    private let storage: Storage

    /// The memory behind all views of one matrix.
    private final class Storage {
        let buffer: UnsafeMutableBufferPointer<Element>
        /// Who keeps the memory where it is not the storage's own.
        let owner: AnyObject?

        init(rows: Int, columns: Int) {
            let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
            buffer = Allocation.buffer(overflow ? .max : count, "a matrix of \(rows)×\(columns)")
            owner = nil
        }

        init(_ buffer: UnsafeMutableBufferPointer<Element>, owner: AnyObject) {
            self.buffer = buffer
            self.owner = owner
        }

        deinit { if owner == nil { Allocation.release(buffer) } }
    }

    /// A matrix of zeros. Memory that cannot be had ends the process as `Allocation` says.
    public init(rows: Int, columns: Int) {
        precondition(rows >= 0 && columns >= 0, "a matrix of \(rows)×\(columns)")
        storage = Storage(rows: rows, columns: columns)
        pointer = storage.buffer.baseAddress!
        pointer.initialize(repeating: 0, count: rows * columns)
        self.rows = rows
        self.columns = columns
        stride = columns
    }

    /// A matrix in memory that somebody else keeps, with the elements that are there.
    ///
    /// - Parameters:
    ///   - memory: of rows·columns elements, aligned to 64 bytes.
    ///   - owner: keeps the memory as long as it lives.
    public init(rows: Int, columns: Int, in memory: UnsafeMutableRawBufferPointer, of owner: AnyObject) {
        precondition(memory.count == rows * columns * MemoryLayout<Element>.stride, "a matrix of \(rows)×\(columns)")
        storage = Storage(memory.bindMemory(to: Element.self), owner: owner)
        pointer = storage.buffer.baseAddress!
        self.rows = rows
        self.columns = columns
        stride = columns
    }

    /// A matrix of the given rows, copied.
    public init(_ values: [[Element]]) {
        self.init(rows: values.count, columns: values.first?.count ?? 0)
        for (r, row) in values.enumerated() {
            precondition(row.count == columns, "row \(r) has \(row.count) values, row 0 has \(columns)")
            for (c, value) in row.enumerated() { self[r, c] = value }
        }
    }

    private init(viewing other: Matrix, rows: Range<Int>, columns: Range<Int>) {
        precondition(
            rows.lowerBound >= 0 && rows.upperBound <= other.rows && columns.lowerBound >= 0
                && columns.upperBound <= other.columns,
            "rows \(rows), columns \(columns) of a matrix of \(other.rows)×\(other.columns)")
        self.rows = rows.count
        self.columns = columns.count
        stride = other.stride
        pointer = other.pointer + (rows.lowerBound * other.stride + columns.lowerBound)
        storage = other.storage
    }

    private init(viewing other: Matrix, reshapedTo rows: Int, _ columns: Int) {
        self.rows = rows
        self.columns = columns
        stride = columns
        pointer = other.pointer
        storage = other.storage
    }

    public subscript(row: Int, column: Int) -> Element {
        get {
            assert(row >= 0 && row < rows && column >= 0 && column < columns)
            return pointer[row * stride + column]
        }
        nonmutating set {
            assert(row >= 0 && row < rows && column >= 0 && column < columns)
            pointer[row * stride + column] = newValue
        }
    }

    /// A view of some rows.
    public func rows(_ range: Range<Int>) -> Matrix { Matrix(viewing: self, rows: range, columns: 0..<columns) }

    /// A view of some columns.
    public func columns(_ range: Range<Int>) -> Matrix { Matrix(viewing: self, rows: 0..<rows, columns: range) }

    /// The same elements in another shape. The matrix must be contiguous.
    public func reshaped(rows newRows: Int, columns newColumns: Int) -> Matrix {
        precondition(
            isContiguous && newRows * newColumns == rows * columns, "\(rows)×\(columns) as \(newRows)×\(newColumns)")
        return Matrix(viewing: self, reshapedTo: newRows, newColumns)
    }

    /// The elements of one row.
    public func row(_ index: Int) -> UnsafeMutableBufferPointer<Element> {
        precondition(index >= 0 && index < rows)
        return UnsafeMutableBufferPointer(start: pointer + index * stride, count: columns)
    }

    /// Whether the rows follow each other without a gap.
    public var isContiguous: Bool { stride == columns || rows <= 1 }

    /// All elements, in row-major order. The matrix must be contiguous.
    public var elements: UnsafeMutableBufferPointer<Element> {
        precondition(isContiguous, "a view with gaps between its rows has no run of elements")
        return UnsafeMutableBufferPointer(start: pointer, count: rows * columns)
    }

    public func fill(_ value: Element) {
        for r in 0..<rows { row(r).update(repeating: value) }
    }

    /// Copies the elements of a matrix of the same shape.
    public func copy(from other: Matrix) {
        precondition(rows == other.rows && columns == other.columns)
        for r in 0..<rows { (pointer + r * stride).update(from: other.pointer + r * other.stride, count: columns) }
    }

    /// A new contiguous matrix with the same elements.
    public func clone() -> Matrix {
        let copy = Matrix(rows: rows, columns: columns)
        copy.copy(from: self)
        return copy
    }

    /// The elements as arrays, for tests and small tables.
    public var arrays: [[Element]] { (0..<rows).map { Array(row($0)) } }
}

extension Matrix where Element == Double {
    /// A new matrix with every element rounded to Float.
    public var rounded: Matrix<Float> {
        let result = Matrix<Float>(rows: rows, columns: columns)
        for r in 0..<rows { for c in 0..<columns { result[r, c] = Float(self[r, c]) } }
        return result
    }
}

extension Matrix where Element == Float {
    /// A new matrix with every element widened to Double.
    public var widened: Matrix<Double> {
        let result = Matrix<Double>(rows: rows, columns: columns)
        for r in 0..<rows { for c in 0..<columns { result[r, c] = Double(self[r, c]) } }
        return result
    }
}
