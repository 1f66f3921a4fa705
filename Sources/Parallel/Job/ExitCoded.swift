/// An error that knows the exit code of a job that it ends: 64 wrong options or launch, 65 bad or missing data.
/// Errors without it end a job with 1.
public protocol ExitCoded: Error {
    var exitCode: Int32 { get }
}

/// The exit code that an error asks for; a failure never ends with 0.
public func exitCode(of error: any Error) -> Int32 {
    let code = (error as? any ExitCoded)?.exitCode ?? 1
    return code == 0 ? 1 : code
}

/// An error's description on one line, without what could change the terminal: texts of files stand in some.
func oneLine(_ error: any Error) -> String {
    let line = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
    return String(String.UnicodeScalarView(line.unicodeScalars.filter { $0.properties.generalCategory != .control }))
}
