/// What becomes of a feature's response y, in units of its standard deviation, before it is summed over a quadrant.
/// Signed sums cancel and are not offered.
public enum Encoder: String, CaseIterable, Codable, Sendable {
    /// |y|
    case abs
    /// √(y² + ε)
    case smooth
    /// max(0, y − ½) and max(0, −y − ½)
    case rectified

    /// ε of `smooth`.
    public static let epsilon: Float = 1e-5
    /// The threshold of `rectified`.
    public static let threshold: Float = 0.5

    /// Numbers for one response.
    public var width: Int { self == .rectified ? 2 : 1 }
}
