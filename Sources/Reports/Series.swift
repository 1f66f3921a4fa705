import Foundation

/// Groups on one curve: all settings equal but the seed and what the budget of learned values depends on, which is
/// `learned` for predicted nets and the size of the layers for dense ones.
public struct Series: Sendable {
    /// `se,emp`, `se,emp, 1 column`, `dense`.
    public let name: String
    /// Whether nothing is predicted in its groups.
    public let isDense: Bool
    /// By proportion, then learned values.
    public let groups: [RunGroup]
    /// The settings that say how large a group's budget is.
    let budget: [String]

    /// The group in few words: the series, and its budget.
    public func label(of group: RunGroup) -> String {
        let parts = budget.compactMap { name in
            group.settings[name].map { value in
                isDense
                    ? shortText(name, value) : "learned " + (Double(value).map { String(format: "%.3g", $0) } ?? value)
            }
        }
        return ([name] + parts).joined(separator: ", ")
    }
}
