import Layers
import LinearAlgebra
import Pictures

extension PredictedWeights {
    /// filters.png: a layer's features as pictures on the left, the same at their α only on the right (Denil et al.
    /// 2013, Fig. 1); at most 100 of them, evenly over the layer.
    ///
    /// - Parameters:
    ///   - rows: W, units × n_v.
    ///   - inputs: the shape of a feature; nil: that of the grid.
    ///   - showsAlpha: whether α are positions; where they are atoms, or no position is that of all channels, the
    ///     features are shown alone.
    package func filterPicture(
        rows: Matrix<Float>, of inputs: TensorShape? = nil, showsAlpha: Bool
    ) -> [UInt8] {
        let shape = inputs ?? grid, showsAlpha = showsAlpha && shape == grid
        let shown = min(units, 100)
        var whole: [Tile] = [], learned: [Tile] = []
        for i in 0..<shown {
            let unit = i * units / shown
            let values = Array(rows.row(unit))
            whole.append(Tile(values: values))
            guard showsAlpha else { continue }
            let column = columns.first { $0.units.contains(unit) }!
            var mask = [Bool](repeating: false, count: grid.positions)
            for position in column.alpha { mask[position] = true }
            learned.append(Tile(values: values, mask: mask))
        }
        return FilterSheet.render(
            panels: showsAlpha ? [whole, learned] : [whole], channels: shape.channels, height: shape.height,
            width: shape.width, columns: 10, zoom: max(1, 60 / max(shape.height, shape.width, 12)))
    }
}

extension RunDirectory {
    /// Writes filters.png. Where it cannot be written the run goes on with a warning: the model has all that it shows.
    package func writePicture(_ progress: ProgressLog, _ picture: () -> [UInt8]) {
        do { try write(picture(), to: "filters.png") } catch {
            progress.warn("\(error): the run goes on without this picture")
        }
    }
}
