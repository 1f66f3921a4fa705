import Datasets
import Layers
import LinearAlgebra
import Networks

/// What a network is fed with while its steps are measured.
public enum MeasuredInputs {
    /// The training images of a data set.
    case images(Dataset)
    /// Noise of a shape, in ten classes: the time of a step does not depend on what its inputs hold.
    case noise(TensorShape)

    /// The shape of a sample.
    public var shape: TensorShape {
        switch self {
        case .images(let data): data.shape
        case .noise(let shape): shape
        }
    }

    var classes: Int {
        switch self {
        case .images(let data): data.classes
        case .noise: 10
        }
    }

    /// Samples; of noise as many as the data set `sample` has.
    var count: Int {
        switch self {
        case .images(let data): data.train.images.count
        case .noise: 4000
        }
    }

    /// All samples as a network's first layer takes them.
    ///
    /// - Parameter weights: the layer that pools its inputs; nil: they stay as they are.
    /// - Throws: as `ImageSamples`.
    func samples(pooledBy weights: PredictedWeights?) throws -> any SampleSource {
        let samples: any SampleSource
        switch self {
        case .images(let data):
            samples = try ImageSamples(data.train.images, data.train.labels, range: 0..<count)
        case .noise(let shape):
            let size = shape.count, inputs = Matrix<Float>(rows: count, columns: size + 1)
            RandomStream(seed: 1, purpose: .patches).fillUniform(inputs.elements, in: 0..<1)
            inputs.columns(size..<size + 1).fill(1)
            samples = MatrixSamples(rows: inputs, labels: (0..<count).map { Int32($0 % classes) })
        }
        return weights.map { samples.pooled(by: $0) } ?? samples
    }

    /// Patches that are like whitened and normalised ones: rows of unit length drawn from N(0, 1), patches × size,
    /// that do not depend on the ranks.
    public static func patches(_ range: Range<Int>, size: Int) -> Matrix<Float> {
        let rows = Matrix<Float>(rows: range.count, columns: size)
        RandomStream(seed: 1, purpose: .patches).fillNormal(rows.elements, from: range.lowerBound * size)
        for r in 0..<rows.rows {
            let x = rows.row(r), scale = Float(1 / dot(x.baseAddress!, x.baseAddress!, count: size).squareRoot())
            for i in x.indices { x[i] *= scale }
        }
        return rows
    }
}
