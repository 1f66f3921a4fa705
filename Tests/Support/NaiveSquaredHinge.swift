/// ½Σ‖w_c‖² + C·mean of Σ_c max(0, 1 − t_c(w_c·x + b_c))², in Double; row c of `values` is w_c and then
/// b_c.
public func naiveSquaredHinge(
    _ values: Rows, features: Rows, labels: [Int], cost: Double
) -> (value: Double, gradient: Rows) {
    let width = features[0].count
    var gradient = values.map { Array($0[..<width]) + [0] }
    var value = 0.5 * values.reduce(0) { $0 + $1[..<width].reduce(0) { $0 + $1 * $1 } }
    for (x, label) in zip(features, labels) {
        for c in values.indices {
            let target = label == c ? 1.0 : -1.0
            let score = zip(values[c], x + [1]).reduce(0) { $0 + $1.0 * $1.1 }
            let margin = max(0, 1 - target * score)
            value += cost / Double(features.count) * margin * margin
            for (i, xi) in (x + [1]).enumerated() {
                gradient[c][i] -= 2 * cost / Double(features.count) * target * margin * xi
            }
        }
    }
    return (value, gradient)
}
