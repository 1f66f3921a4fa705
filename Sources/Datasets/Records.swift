import Storage

/// Pieces of equal length at equal distances in a file: its images, or its labels.
struct Records: Sendable {
    let file: ByteFile
    /// Where the first piece starts.
    let start: Int
    /// Bytes from one piece to the next.
    let stride: Int
    /// Bytes of a piece.
    let length: Int
    let count: Int

    func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        if stride == length {
            return try file.read(at: start + range.lowerBound * stride, into: buffer)
        }
        for (slot, index) in range.enumerated() {
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[slot * length ..< (slot + 1) * length])
            try file.read(at: start + index * stride, into: piece)
        }
    }
}

/// The records of several files as one run.
struct RecordSequence: Sendable {
    let parts: [Records]
    let count: Int

    init(_ parts: [Records]) {
        self.parts = parts
        count = parts.reduce(0) { $0 + $1.count }
    }

    /// Reads records one after the other. Cost: one system call a part where pieces touch, else one a record.
    func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "records \(range) of \(count)")
        var first = 0
        var filled = 0
        for part in parts {
            let own = range.clamped(to: first ..< first + part.count)
            if !own.isEmpty {
                let bytes = own.count * part.length
                let target = UnsafeMutableRawBufferPointer(rebasing: buffer[filled ..< filled + bytes])
                try part.read(own.lowerBound - first ..< own.upperBound - first, into: target)
                filled += bytes
            }
            first += part.count
        }
    }

    /// The file that holds a record, and the record's number in it.
    func place(of index: Int) -> (path: String, position: Int) {
        var position = index
        for part in parts {
            if position < part.count { return (part.file.path, position) }
            position -= part.count
        }
        preconditionFailure("record \(index) of \(count)")
    }
}
