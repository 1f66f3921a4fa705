import Layers
import Parallel
import Storage

// The modules that define these errors know nothing of MPI, and so nothing of exit codes.
extension DataError: ExitCoded {}

extension DictionaryError: ExitCoded {
    public var exitCode: Int32 { isOfData ? 1 : 64 }
}

extension LayerSpecError: ExitCoded {
    public var exitCode: Int32 { 64 }
}
