import LinearAlgebra

/// What a dictionary is made for, and from.
public struct DictionaryRequest {
    /// The shape of the layer's inputs.
    public let grid: TensorShape
    /// Atoms that a column takes.
    public let count: Int
    public let kernel: KernelSpec
    /// Rows and columns at which a kernel is cut; nil: nowhere.
    public let reach: Int?
    /// What the kind needs of the layer's inputs.
    public let data: DictionaryData?

    public init(
        grid: TensorShape, count: Int, kernel: KernelSpec = KernelSpec(), reach: Int? = nil, data: DictionaryData? = nil
    ) {
        self.grid = grid
        self.count = count
        self.kernel = kernel
        self.reach = reach
        self.data = data
    }

    /// The covariance that the kind needs.
    var covariance: Matrix<Double> {
        guard case .covariance(let matrix)? = data else {
            preconditionFailure("a covariance, which the kind needs, is there")
        }
        return matrix
    }

    /// The atoms that the kind needs.
    var pool: Matrix<Float> {
        guard case .atoms(let matrix)? = data else { preconditionFailure("the atoms, which the kind needs, are there") }
        return matrix
    }
}

/// What kernels are made with.
public struct KernelSpec: Codable, Hashable, Sendable {
    /// σ of the squared-exponential kernel, in pixels; nil: `SquaredExponential.sigma(grid:learned:)`.
    public var sigma: Double?
    /// How kernel values become U; nil: with the ridge that each kind is used with.
    public var form: KernelForm?

    public init(sigma: Double? = nil, form: KernelForm? = nil) {
        self.sigma = sigma
        self.form = form
    }
}

/// What a kind of dictionary needs of the inputs that its layer sees in training.
public enum DictionaryNeed: Hashable, Sendable {
    /// The covariance of one plane of the inputs, or of their squares.
    case covariance(ofSquares: Bool)
    /// The centres of k-means, so many for all planes.
    case centres(Int)
    /// The weights of a shallow autoencoder of so many units.
    case autoencoder(units: Int)

    /// Centres, and units of the autoencoder whose weights are atoms (released settings of Denil et al. 2013).
    static let poolSize = 1000

    /// The atoms of one plane that come of it: a centre's, or a unit's, part of every channel is one.
    func atoms(of grid: TensorShape) -> Int {
        switch self {
        case .covariance: grid.positions
        case .centres(let count), .autoencoder(let count): count * grid.channels
        }
    }
}

/// What was made from a layer's inputs.
public enum DictionaryData {
    /// The covariance of one plane, positions × positions.
    case covariance(Matrix<Double>)
    /// Atoms of one plane, atoms × positions.
    case atoms(Matrix<Float>)
}
