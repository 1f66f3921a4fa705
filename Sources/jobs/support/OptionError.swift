import Parallel

/// Options that do not fit what a run finds: its data, its model. Exit code 64.
public struct OptionError: ExitCoded, CustomStringConvertible {
    public let description: String
    public let exitCode: Int32 = 64
    public init(_ description: String) { self.description = description }
}
