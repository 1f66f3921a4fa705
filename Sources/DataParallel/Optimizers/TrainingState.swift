/// Where training stands after an epoch; steps and seconds are all so far, without what was done between epochs.
public struct TrainingState: Sendable {
    /// Epochs so far.
    public var epoch = 0
    public var steps = 0
    /// The mean loss of the epoch's samples, each at the values of its step.
    public var loss = Double.nan
    /// The part of the epoch's samples that was predicted wrong.
    public var error = Double.nan
    public var seconds = 0.0

    public init() {}
}
