import ArgumentParser

/// Refuses options that are below 1.
///
/// - Throws: `ValidationError`, naming the option.
public func checkPositive(_ options: (value: Int, name: String)...) throws {
    for (value, name) in options where value < 1 {
        throw ValidationError("\(name): expected at least 1, found \(value)")
    }
}
