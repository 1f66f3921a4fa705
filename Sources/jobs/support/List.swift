import ArgumentParser

/// The values of an option that takes several with commas between them.
///
/// - Parameters:
///   - expected: what a value is, for the error that names the first that is none.
///   - make: nil for what is none.
public func list<Value>(
    _ text: String, _ option: String, _ expected: String, _ make: (String) -> Value?
) throws -> [Value] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map {
        guard let value = make(String($0)) else {
            throw ValidationError("\(option): expected \(expected), found '\($0)'")
        }
        return value
    }
}
