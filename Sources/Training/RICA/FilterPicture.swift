import Layers
import Pictures

extension RICAModel {
    /// filters.png: features as pictures on the left, the same at their α only on the right (Denil et al. 2013, Fig. 1); at most
    /// 100 of them, evenly over the layer.
    public func filterPicture() -> [UInt8] {
        let shown = min(weights.units, 100)
        let rows = expandedRows
        var whole: [Tile] = [], learned: [Tile] = []
        for i in 0..<shown {
            let unit = i * weights.units / shown
            let values = Array(rows.row(unit))
            let column = weights.columns.first { $0.units.contains(unit) }!
            var mask = [Bool](repeating: false, count: weights.grid.positions)
            for position in column.alpha { mask[position] = true }
            whole.append(Tile(values: values))
            learned.append(Tile(values: values, mask: mask))
        }
        return FilterSheet.render(
            panels: [whole, learned], channels: weights.grid.channels, size: weights.grid.height, columns: 10, zoom: 5)
    }
}
