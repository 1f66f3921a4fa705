/// The dictionaries as they are named on the command line.
public enum DictionaryName: String, CaseIterable, Codable, Sendable {
    /// Squared-exponential kernel on the pixel grid.
    case se
    /// The covariance of the layer's inputs as kernel.
    case emp
    /// The covariance of the layer's squared inputs as kernel.
    case emp2
    /// The weights of a shallow autoencoder of the layer's inputs.
    case ae
    /// Fixed random numbers.
    case randfixu
    /// Random connections: columns of the identity.
    case randcon
    /// U learned like w.
    case lowrank
    /// The centres of k-means on the layer's inputs.
    case kmeans
    /// Cosines of random frequencies.
    case dct
    /// Real sines and cosines.
    case fourier
    /// Haar wavelets.
    case haar
    /// Principal components of the layer's inputs.
    case pca
    /// Cells of the plane: down-sampled inputs and kernels.
    case downsample
    /// No dictionary: an ordinary layer.
    case dense

    /// Whether U is made from the layer's inputs, which must be seen first.
    public var needsData: Bool {
        switch self {
        case .emp, .emp2, .ae, .kmeans, .pca: true
        case .se, .randfixu, .randcon, .lowrank, .dct, .fourier, .haar, .downsample, .dense: false
        }
    }

    /// Whether U is learned and so travels like w.
    public var isLearned: Bool { self == .lowrank }

    /// Whether U comes from a kernel, with a ridge or raw.
    public var isKernel: Bool {
        switch self {
        case .se, .emp, .emp2: true
        case .ae, .randfixu, .randcon, .lowrank, .kmeans, .dct, .fourier, .haar, .pca, .downsample, .dense: false
        }
    }

    /// Whether U depends on where a position lies on the grid, so that it says little about inputs without an order.
    public var hasTopology: Bool {
        switch self {
        case .se, .dct, .fourier, .haar, .downsample: true
        case .emp, .emp2, .ae, .randfixu, .randcon, .lowrank, .kmeans, .pca, .dense: false
        }
    }
}
