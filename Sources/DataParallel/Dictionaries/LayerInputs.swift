import Layers
import LinearAlgebra
import Parallel

/// The inputs that a layer sees in training, over the samples of all ranks: what dictionaries are made from.
public struct LayerInputs {
    private let grid: TensorShape
    private let samples: [Int]
    private let draws: RandomStream
    private let order: ReductionOrder
    private let communicator: Communicator
    private let meet: () throws -> Void
    private let load: (ArraySlice<Int>, Matrix<Float>) -> Void

    /// - Parameters:
    ///   - grid: the shape of an input.
    ///   - samples: all samples, the same list on every rank.
    ///   - draws: the random numbers of what is made.
    ///   - meet: what all ranks do together now and then, such as `Checkpoints.listen`.
    ///   - load: puts some samples, 1000 at most, into the first rows of a matrix of as many columns as inputs.
    public init(
        grid: TensorShape, samples: [Int], draws: RandomStream, order: ReductionOrder, communicator: Communicator,
        meet: @escaping () throws -> Void, load: @escaping (ArraySlice<Int>, Matrix<Float>) -> Void
    ) {
        self.grid = grid
        self.samples = samples
        self.draws = draws
        self.order = order
        self.communicator = communicator
        self.meet = meet
        self.load = load
    }

    /// Makes what a kind of dictionary needs. Collective.
    ///
    /// - Parameter autoencoder: trains the values of a layer that rebuilds its inputs.
    /// - Throws: what `inputMoments`, `kMeans` and `autoencoder` throw.
    public func data(
        for need: DictionaryNeed, autoencoder: (PredictedWeights, LearnedValues) throws -> Void
    ) throws -> DictionaryData {
        switch need {
        case .covariance(let squared):
            return .covariance(
                try inputMoments(
                    grid, samples: samples, squared: squared, order: order, communicator: communicator, meet: meet,
                    load: load
                ).covariance)
        case .centres(let count):
            return pool(
                try kMeans(
                    count: count, samples: samples, size: grid.count, draws: draws, order: order,
                    communicator: communicator, meet: meet, load: load))
        case .autoencoder(let units):
            let layer = PredictedWeights.dense(grid: grid, units: units), width = layer.valuesPerUnit
            let values = LearnedValues([("autoencoder", units, width + 1)])
            for unit in 0..<units {
                draws.fillUniform(
                    .init(rebasing: values.matrix(0).row(unit)[..<width]), from: unit * width, in: -0.1..<0.1)
            }
            try autoencoder(layer, values)
            return pool(values.matrix(0).columns(0..<width).clone())
        }
    }

    /// The most floats that `data` takes, beside what an autoencoder does; a Double is two.
    ///
    /// - Parameter sums: the floats that a sum of so many Doubles over ranks takes.
    public static func floats(for need: DictionaryNeed, grid: TensorShape, sums: (Int) -> Int) -> Int {
        let inputs = grid.count + 1, positions = grid.positions
        return switch need {
        // Moments, the covariance and its factorisation in Double, a chunk of inputs and its products.
        case .covariance: 8 * positions * positions + sampleChunk * inputs + sums(positions * (positions + 3) / 2 + 1)
        // Centres, a chunk, their products, sums in Double.
        case .centres(let count): 3 * count * inputs + sampleChunk * (inputs + count) + sums(count * inputs)
        case .autoencoder(let units): units * inputs
        }
    }

    /// Rows as wide as an input as atoms of one plane: every channel's part is one.
    private func pool(_ rows: Matrix<Float>) -> DictionaryData {
        .atoms(rows.reshaped(rows: rows.rows * grid.channels, columns: grid.positions))
    }
}
