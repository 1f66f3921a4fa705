import Parallel

/// Refuses ranks that were started with other options than rank 0, as by `mpirun -n 1 mlp A : -n 1 mlp B` or by a wrapper script that
/// differs by host: their collectives would not match. Two broadcasts, and what `agree` costs.
///
/// - Parameter words: the job's name and its arguments.
/// - Throws: `AgreedFailure` with exit code 64.
func checkSameOptions(_ words: [String], on world: Communicator) throws {
    var text = Array(words.joined(separator: "\0").utf8), length = Int64(text.count)
    try withUnsafeMutablePointer(to: &length) { try world.broadcast(UnsafeMutableBufferPointer(start: $0, count: 1), from: 0) }
    if !world.isRoot { text = [UInt8](repeating: 0, count: Int(length)) }
    try text.withUnsafeMutableBufferPointer { try world.broadcast($0, from: 0) }
    let theirs = String(decoding: text, as: UTF8.self).split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
    try world.agree {
        guard let name = firstDifference(words, theirs) else { return }
        func value(_ words: [String]) -> String { options(of: words)[name].map { $0.isEmpty ? "it without a value" : $0 } ?? "none" }
        throw OptionError(
            "\(name): expected \(value(theirs)), as on rank 0, found \(value(words)): start all ranks with the same command line")
    }
}

/// The first option, in the order of the alphabet, that two command lines give differently.
private func firstDifference(_ a: [String], _ b: [String]) -> String? {
    let (a, b) = (options(of: a), options(of: b))
    return Set(a.keys).union(b.keys).sorted().first { a[$0] != b[$0] }
}

/// The values of every option by its name, in the order given; those before the first option are the job's and its command's.
private func options(of words: [String]) -> [String: String] {
    var options: [String: String] = [:], name = "job"
    for word in words {
        if word.hasPrefix("--") {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            name = parts[0]
            options[name] = parts.count > 1 ? parts[1] : ""
        } else {
            options[name] = [options[name] ?? "", word].filter { !$0.isEmpty }.joined(separator: " ")
        }
    }
    return options
}
