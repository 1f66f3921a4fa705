internal import CMPI

/// An MPI call that returned an error.
public struct MPIError: Error, CustomStringConvertible, Sendable {
    /// The C function, `MPI_Bcast`.
    public let call: String
    /// What it returned; the number is the library's own.
    public let code: Int32
    /// MPI's standard class of that code (MPI_ERR_ROOT, MPI_ERR_COUNT, …).
    public let errorClass: Int32
    /// The library's words for it.
    public let text: String

    // int MPI_Error_class(int errorcode, int *errorclass)
    // int MPI_Error_string(int errorcode, char *string, int *resultlen)
    init(_ call: MPICall, _ code: Int32) {
        self.call = call.name
        self.code = code
        var errorClass: Int32 = 0
        MPI_Error_class(code, &errorClass)
        self.errorClass = errorClass
        self.text = mpiText(cmpi_max_error_string()) { MPI_Error_string(code, $0, $1) }
    }

    public var description: String { "\(call) failed: \(text) (code \(code), class \(errorClass))" }
}

/// Makes one MPI call under the deadline of the stall detector and turns its code into a typed error.
///
/// Every MPI call that can wait goes through here. Costs two atomic operations, no memory.
@inline(__always)
func perform(_ call: MPICall, _ body: () -> Int32) throws(MPIError) {
    let slot = StallDetector.shared.enter(call)
    let code = body()
    StallDetector.shared.leave(slot)
    guard code == cmpi_success() else { throw MPIError(call, code) }
}

/// The text that an MPI function writes into a buffer of at most `capacity` characters.
func mpiText(_ capacity: Int32, _ body: (UnsafeMutablePointer<CChar>, UnsafeMutablePointer<Int32>) -> Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(capacity) + 1) { buffer in
        buffer.initialize(repeating: 0)
        var length: Int32 = 0
        _ = body(buffer.baseAddress!, &length)
        return String(cString: buffer.baseAddress!)
    }
}
