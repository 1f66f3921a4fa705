import Storage
import Testing

/// The message of the `DataError` that `body` throws; it must be one line and name each of the parts.
public func expectDataError(
    naming parts: String..., sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
    do {
        try body()
        Issue.record("no error was thrown", sourceLocation: sourceLocation)
    } catch let error as DataError {
        #expect(error.exitCode == 65)
        #expect(!error.message.contains("\n"), sourceLocation: sourceLocation)
        for part in parts {
            #expect(error.message.contains(part), "\(error.message)", sourceLocation: sourceLocation)
        }
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}
