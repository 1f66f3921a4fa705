import Layers
import LinearAlgebra
import Storage

/// State that outlives a kill.
public protocol Checkpointable: AnyObject {
    /// Hands every tensor and number of the state to the archive, which copies it or, when a run goes on, fills it:
    /// always the same ones in the same order.
    ///
    /// - Throws: `DataError` where a checkpoint does not hold what is asked for.
    func archive(to archive: StateArchive) throws
}

/// What a tensor is over the ranks: how it is cut when a run goes on at another rank count.
public enum RankLayout: Equatable, Sendable {
    /// The same on all ranks.
    case replicated
    /// These rows of so many are this rank's.
    case rows(Range<Int>, of: Int)
    /// Only the sum over ranks matters.
    case summed
    /// Each rank has its own; at another rank count all begin with the mean.
    case ofRank
}

/// A state on its way into a checkpoint or out of one.
///
/// One list of names serves both ways, so that what is saved is what is restored.
public protocol StateArchive: AnyObject {
    /// Whether the state is filled from a checkpoint.
    var isRestoring: Bool { get }

    /// Takes or fills a tensor.
    ///
    /// - Parameters:
    ///   - rowLength: elements of a row.
    ///   - layout: what the tensor is over the ranks.
    /// - Throws: `DataError`.
    func tensor<Element: Scalar & TensorElement>(
        _ name: String, _ elements: UnsafeMutableBufferPointer<Element>, rowLength: Int, _ layout: RankLayout) throws

    /// Takes or fills text, which is the same on all ranks.
    ///
    /// - Throws: `DataError`.
    func text(_ name: String, _ text: inout String) throws
}

extension StateArchive {
    /// Takes or fills a matrix, which may have gaps between its rows.
    public func matrix<Element: Scalar & TensorElement>(
        _ name: String, _ matrix: Matrix<Element>, _ layout: RankLayout
    ) throws {
        if matrix.isContiguous { return try tensor(name, matrix.elements, rowLength: matrix.columns, layout) }
        let copy = matrix.clone()
        try tensor(name, copy.elements, rowLength: copy.columns, layout)
        if isRestoring { matrix.copy(from: copy) }
    }

    /// Takes or fills numbers, which are the same on all ranks unless `layout` says otherwise.
    public func numbers<Element: Scalar & TensorElement>(
        _ name: String, _ numbers: inout [Element], _ layout: RankLayout = .replicated
    ) throws {
        try numbers.withUnsafeMutableBufferPointer { try tensor(name, $0, rowLength: $0.count, layout) }
    }

    /// Takes or fills a number, which is the same on all ranks.
    ///
    /// - Throws: `DataError`.
    public func number(_ name: String, _ number: inout Double) throws {
        var one = [number]
        try numbers(name, &one)
        number = one[0]
    }

    /// Takes or fills an integer, whose size is below 2^53.
    ///
    /// - Throws: `DataError`.
    public func number(_ name: String, _ number: inout Int, in range: ClosedRange<Int> = 0...(1 << 53)) throws {
        var value = Double(number)
        try self.number(name, &value)
        guard let whole = Int(exactly: value), range.contains(whole) else {
            throw DataError(
                message: "\(name) of the checkpoint: expected a whole number from \(range.lowerBound) to "
                    + "\(range.upperBound), found \(value): start anew with --resume never")
        }
        number = whole
    }

    /// Takes or fills a truth, which is the same on all ranks.
    ///
    /// - Throws: `DataError`.
    public func flag(_ name: String, _ flag: inout Bool) throws {
        var value = flag ? 1 : 0
        try number(name, &value, in: 0...1)
        flag = value == 1
    }
}
