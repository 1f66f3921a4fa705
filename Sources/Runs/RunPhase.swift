/// A phase of a run that is started by itself.
public struct RunPhase: Sendable {
    public let name: String
    /// What the phase depends on beside the settings of the run, such as the number of a model.
    public let inputs: String
    /// The file that the phase leaves, without which it is not finished.
    public let leaves: String
    /// Whether the phase takes its settings from the model in the directory.
    public let usesModel: Bool

    /// The phase as a result names it where it is done.
    package var entry: [String: String] { [name: inputs] }

    public init(_ name: String, inputs: String, leaves: String, usesModel: Bool) {
        self.name = name
        self.inputs = inputs
        self.leaves = leaves
        self.usesModel = usesModel
    }
}
