import Foundation

/// How the learning rate falls during a run.
public enum RateSchedule: String, CaseIterable, Codable, Sendable {
    /// Divided by 1.00004 at every update, as in the released settings of Denil et al. (2013).
    case paper
    /// Straight down to nothing at the last update: for runs of few epochs.
    case linear

    /// The rate of an update.
    ///
    /// - Parameters:
    ///   - first: that of update 0.
    ///   - total: updates of the whole run.
    public func rate(_ first: Double, at update: Int, of total: Int) -> Double {
        switch self {
        case .paper: first / pow(1.00004, Double(update))
        case .linear: first * (1 - Double(update) / Double(total))
        }
    }
}
