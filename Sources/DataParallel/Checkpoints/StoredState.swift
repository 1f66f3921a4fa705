import Foundation
import LinearAlgebra
import Partition
import Storage

/// The state of a checkpoint, which fills that of a run at any rank count.
///
/// Every rank opens all parts, reads their headers, and of their tensors what it needs: P ranks read P² headers.
package final class StoredState: StateArchive {
    private struct Piece {
        /// The rank that wrote it.
        let part: Int
        /// The rows that it holds; nil: all.
        let rows: Range<Int>?
    }

    private let folder: String
    private let names: [String]
    /// The parts that are open: a few, since a process may not have many files open.
    private var open: [Int: Safetensors] = [:]
    private let rank, ranks: Int
    private var pieces: [String: [Piece]] = [:]
    private var prefix = ""
    /// Tensors that nobody has asked for yet.
    private var left: Set<String>

    /// Opens the parts of a checkpoint that is known to be whole. Throws `DataError`.
    package init(_ parts: [String], in folder: String, rank: Int, ranks: Int) throws {
        self.folder = folder
        names = parts
        self.rank = rank
        self.ranks = ranks
        left = []
        for number in parts.indices {
            let part = try opened(number)
            for name in part.tensors.keys {
                let words = (part.metadata[name] ?? "").split(separator: " ")
                var rows: Range<Int>?
                if words.first == "rows", words.count > 2, let first = Int(words[1]), let end = Int(words[2]),
                    first >= 0, first <= end
                {
                    rows = first..<end
                }
                pieces[name, default: []].append(Piece(part: number, rows: rows))
            }
        }
        left = Set(pieces.keys)
    }

    private func opened(_ number: Int) throws -> Safetensors {
        if let part = open[number] { return part }
        if open.count >= 64 { open = [:] }
        let part = try Safetensors(path: folder + "/" + names[number])
        open[number] = part
        return part
    }

    package var isRestoring: Bool { true }

    /// Whether the checkpoint has anything under a name.
    package func holds(_ name: String) -> Bool { left.contains { $0.hasPrefix(name + ".") } }

    /// Whether all was asked for.
    package var isEmpty: Bool { left.isEmpty }
    /// What was not, in order.
    var rest: [String] { left.sorted() }

    /// Fills an object with what is stored under a name.
    ///
    /// - Throws: `DataError`, also where more is stored there than the object has.
    package func fill(_ object: any Checkpointable, from name: String) throws {
        prefix = name + "."
        try object.archive(to: self)
        if let more = rest.first(where: { $0.hasPrefix(prefix) }) {
            throw DataError(
                message: "\(folder): expected a checkpoint of this run, found one that has \(more.escaped), too: start "
                    + "anew with --resume never")
        }
    }

    package func tensor<Element: Scalar & TensorElement>(
        _ name: String, _ elements: UnsafeMutableBufferPointer<Element>, rowLength: Int, _ layout: RankLayout
    ) throws {
        let name = prefix + name, found = pieces[name] ?? []
        left.remove(name)
        switch layout {
        case .replicated, .rows:
            var rows = 0..<(rowLength == 0 ? 0 : elements.count / rowLength)
            if case .rows(let own, _) = layout { rows = own }
            try fill(name, elements, rowLength, rows, from: found)
        case .summed, .ofRank:
            // The same rank count goes on with the same bits.
            let own = layout == .ofRank && ranks != names.count ? 0..<names.count : Cut(names.count, into: ranks)[rank]
            let mine = found.filter { own.contains($0.part) }
            // The first is copied, not added to zeros, which would change the sign of a zero.
            if let first = mine.first {
                try read(name, first, elements, rowLength, first: 0)
            } else {
                elements.update(repeating: 0)
            }
            let others = Matrix<Element>(rows: 1, columns: mine.count > 1 ? elements.count : 0)
            for piece in mine.dropFirst() {
                try read(name, piece, others.elements, rowLength, first: 0)
                for i in elements.indices { elements[i] += others.pointer[i] }
            }
            if layout == .ofRank, ranks != names.count {
                for i in elements.indices { elements[i] /= Element(names.count) }
            }
            guard Set(found.map(\.part)) == Set(names.indices) else { throw incomplete(name) }
        }
    }

    package func text(_ name: String, _ text: inout String) throws {
        let name = prefix + name
        left.remove(name)
        guard let piece = pieces[name]?.first, let tensor = try opened(piece.part).tensors[name], tensor.type == .U8
        else { throw incomplete(name) }
        var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
        try bytes.withUnsafeMutableBytes { try opened(piece.part).read(name, into: $0) }
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// Fills the rows asked for from the pieces that have some of them.
    private func fill<Element: Scalar & TensorElement>(
        _ name: String, _ elements: UnsafeMutableBufferPointer<Element>, _ rowLength: Int, _ rows: Range<Int>,
        from pieces: [Piece]
    ) throws {
        var missing = rows.lowerBound
        for piece in pieces.sorted(by: { ($0.rows?.lowerBound ?? 0) < ($1.rows?.lowerBound ?? 0) })
        where missing < rows.upperBound {
            let stored = try piece.rows ?? 0..<(opened(piece.part).tensors[name]?.shape.first ?? 0)
            guard stored.contains(missing) else { continue }
            let end = min(stored.upperBound, rows.upperBound)
            let place = (missing - rows.lowerBound) * rowLength..<(end - rows.lowerBound) * rowLength
            try read(
                name, piece, UnsafeMutableBufferPointer(rebasing: elements[place]), rowLength,
                first: missing - stored.lowerBound)
            missing = end
        }
        guard missing == rows.upperBound || rows.isEmpty, !pieces.isEmpty else { throw incomplete(name) }
    }

    /// Reads rows of a piece, from its row `first` on.
    private func read<Element: Scalar & TensorElement>(
        _ name: String, _ piece: Piece, _ elements: UnsafeMutableBufferPointer<Element>, _ rowLength: Int, first: Int
    ) throws {
        let tensor = try opened(piece.part).tensors[name]!
        let bytes = UnsafeMutableRawBufferPointer(elements)
        let start = first * rowLength * MemoryLayout<Element>.stride
        guard tensor.type == Element.tensorType, tensor.shape.last == rowLength || elements.isEmpty,
            start + bytes.count <= tensor.byteCount
        else {
            throw DataError(
                message: "\(folder): expected \(name) of rows of \(rowLength) \(Element.tensorType), found "
                    + "\(tensor.type) of shape \(tensor.shape): start anew with --resume never")
        }
        try opened(piece.part).read(name, from: start, into: bytes)
    }

    private func incomplete(_ name: String) -> DataError {
        DataError(
            message: "\(folder): expected a checkpoint that holds all of \(name), found one that does not: start anew "
                + "with --resume never")
    }
}
