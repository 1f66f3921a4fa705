import DataParallel

/// The model that training starts from, and how far it is made.
final class PreparedModel: Checkpointable {
    let model: NetworkModel
    /// Hidden layers that are ready.
    var done = 0
    /// Whether the next one has its dictionary.
    var hasDictionary = false
    /// The layers whose U a file had.
    var kept: Set<Int> = []

    init(_ model: NetworkModel) { self.model = model }

    func archive(to archive: StateArchive) throws {
        try archive.number("done", &done, in: 0...model.layers.count)
        try archive.flag("has-dictionary", &hasDictionary)
        try model.archive(to: archive)
    }
}
