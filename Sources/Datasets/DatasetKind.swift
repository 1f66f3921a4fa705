/// A data set that a job can be told to use. A new one is a file of its own and a word in `all`; every job then has it.
struct DatasetKind: Sendable {
    /// All of them, in the order in which they are named to the user.
    static let all: [DatasetKind] = [.sample, .cifar10, .stl10, .mnist, .fashionMNIST]

    /// The name on the command line.
    let name: String
    /// Opens the set where it is found.
    ///
    /// - Parameter data: the folder that was named; nil: COLONNADE_DATA, else `data`.
    let open: @Sendable (_ data: String?) throws -> Dataset
}

/// What is known about a public set before it is found.
struct PublicSet {
    let title: String
    /// The folder that its archive unpacks to, or that people usually make for it.
    let folder: String
    /// A folder that holds any of these is taken for the set's.
    let files: [String]
    /// Names in the data folder or in the set's that are nearly right, with what to do about them.
    let nearMisses: [(name: String, remedy: String)]
    /// Where to get it, or the command that gets it.
    let source: String
}
