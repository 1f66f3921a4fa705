import Parallel

/// A job that stops because it was asked to. Exit code 75: start me again.
struct StopRequest: ExitCoded, CustomStringConvertible {
    let description: String
    let exitCode: Int32 = 75
}
