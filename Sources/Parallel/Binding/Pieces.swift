extension Communicator {
    /// Calls `body` with pieces of `count` values that fit MPI's 32-bit counts. The one place that cuts them.
    @inline(__always)
    func inPieces(_ count: Int, _ body: (_ offset: Int, _ count: Int32) throws(MPIError) -> Void) throws(MPIError) {
        var offset = 0
        while offset < count {
            let piece = min(largestCount, count - offset)
            try body(offset, Int32(piece))
            offset += piece
        }
    }
}
