internal import CMPI

/// Whether an operation is done when its call returns, or when the `Overlap` that it belongs to ends.
@usableFromInline
enum Issue { case blocking, overlapped }

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

    /// Starts a non-blocking call and keeps its request until the `Overlap` ends.
    @inline(__always)
    func start(_ call: MPICall, _ body: (UnsafeMutablePointer<cmpi_request>) -> Int32) throws(MPIError) {
        var request = cmpi_request_null()
        try perform(call) { withUnsafeMutablePointer(to: &request, body) }
        requests.append(request)
    }
}
