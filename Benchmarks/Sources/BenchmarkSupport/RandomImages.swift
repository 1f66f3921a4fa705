import Datasets
import LinearAlgebra

extension MatrixSamples {
    /// Images uniform from 0 to 1, each with its 1, in ten classes.
    ///
    /// - Parameter shape: of an image.
    public static func random(
        _ count: Int, of shape: TensorShape = TensorShape(channels: 1, height: 28, width: 28)
    ) -> MatrixSamples {
        let rows = Matrix<Float>(rows: count, columns: shape.count + 1)
        RandomStream(seed: 1, purpose: .patches).fillUniform(rows.elements, in: 0..<1)
        rows.columns(shape.count..<shape.count + 1).fill(1)
        return MatrixSamples(rows: rows, labels: (0..<count).map { Int32($0 % 10) })
    }
}
