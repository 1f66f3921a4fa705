/// An error of at least one rank that all ranks know of, so all of them leave together.
public struct CollectiveError: ExitCoded, CustomStringConvertible, Sendable {
    /// The message of the lowest failing rank, with its place unless all ranks failed.
    public let description: String
    /// Its exit code.
    public let exitCode: Int32
    /// The lowest failing rank.
    public let rank: Int
}
