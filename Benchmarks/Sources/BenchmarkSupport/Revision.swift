import Foundation

/// The commit that the sources are at, with "-dirty" where files differ from it; "unknown" where git cannot tell.
public func revision(file: String = #filePath) -> String {
    let git = Process(), output = Pipe()
    git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
    git.arguments = ["git", "-C", folder, "describe", "--always", "--dirty"]
    git.standardOutput = output
    git.standardError = FileHandle.nullDevice
    guard (try? git.run()) != nil else { return "unknown" }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    git.waitUntilExit()
    return git.terminationStatus == 0 ? text.trimmingCharacters(in: .whitespacesAndNewlines) : "unknown"
}
