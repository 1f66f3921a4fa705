/// What is done to the pixels of an image before a network sees them; without any they are divided by 255.
public enum Preprocessing: String, Codable, Sendable {
    /// Each image has its mean taken away and is brought to the same length (`globalContrastNormalise`).
    case contrast
    /// The same, and then ZCA whitening, which is fitted on all training images.
    case whiten

    /// The most values that an image may have to be whitened: the covariance of all of them is made and factorised.
    public static let mostWhitened = 4096

    /// The line of a model file that says what the first layer reads.
    public static func described(_ preprocessing: Preprocessing?) -> String {
        switch preprocessing {
        case nil: "pixels divided by 255"
        case .contrast: "global contrast normalisation: 55·√(n/3072)·(x − mean)/‖x − mean‖"
        case .whiten: "\(described(.contrast)), then whitening.matrix·(x − whitening.mean)"
        }
    }
}
