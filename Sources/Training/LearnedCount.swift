/// How many of a plane's positions are learned: int(positions·P), at least 1.
func learnedCount(_ positions: Int, proportion: Double) -> Int {
    // 784·(16/784) is a little below 16 in Double.
    max(1, Int(Double(positions) * proportion + 1e-9))
}
