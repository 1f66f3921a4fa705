import Parallel
import Storage

extension DataError: ExitCoded {}

/// A computation that cannot go on. Exit code 1. Where it depends on sums over ranks, every rank throws the same.
public struct TrainingError: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
