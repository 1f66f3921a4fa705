import Parallel

/// Refuses ranks that were started with other options than rank 0, as by `mpirun -n 1 mlp A : -n 1 mlp B` or by a
/// wrapper script that differs by host: their collectives would not match. Two broadcasts, and what `agree` costs.
///
/// What may differ by machine is not compared: where the data is, threads, deadlines, and how progress is told.
///
/// - Parameter words: the job's name and its arguments.
/// - Throws: `CollectiveError` with exit code 64.
func checkSameOptions(_ words: [String], on world: Communicator) throws {
    var text = Array(words.joined(separator: "\0").utf8)
    var length = Int64(text.count)
    try withUnsafeMutablePointer(to: &length) {
        try world.broadcast(UnsafeMutableBufferPointer(start: $0, count: 1), from: 0)
    }
    if !world.isRoot { text = [UInt8](repeating: 0, count: Int(length)) }
    try text.withUnsafeMutableBufferPointer { try world.broadcast($0, from: 0) }
    let theirs = String(decoding: text, as: UTF8.self).split(separator: "\0", omittingEmptySubsequences: false)
    try world.agree {
        let (ours, theirs) = (options(of: words), options(of: theirs.map(String.init)))
        guard let name = Set(ours.keys).union(theirs.keys).sorted().first(where: { ours[$0] != theirs[$0] }) else {
            return
        }
        func text(_ value: String?) -> String { value.map { $0.isEmpty ? "it without a value" : $0 } ?? "none" }
        throw OptionError(
            "\(name): expected \(text(theirs[name])), as on rank 0, found \(text(ours[name])): "
                + "start all ranks with the same command line")
    }
}

/// The values of every option that is compared, by its name and in the order given. The words before the first option
/// are the job and its command.
private func options(of words: [String]) -> [String: String] {
    var options: [String: String] = [:]
    var name = "job"
    for word in words {
        if word.hasPrefix("--") {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            name = parts[0]
            options[name] = parts.count > 1 ? parts[1] : ""
        } else {
            options[name] = [options[name] ?? "", word].filter { !$0.isEmpty }.joined(separator: " ")
        }
    }
    for name in ["--data", "--threads", "--stall-after", "--progress"] { options[name] = nil }
    return options
}
