/// n things cut into k parts: part i is ⌊i·n/k⌋ ..< ⌊(i+1)·n/k⌋, so parts differ by one thing at most.
///
/// Every cut in the project has these bounds: units into columns, units into ranks, a batch into slices.
/// More parts than things is fine: some parts are empty.
public struct Cut: Hashable, Sendable {
    /// The number of things that are never divided.
    public let units: Int
    /// The number of parts.
    public let parts: Int
    /// Values that each thing holds; ranges and totals count values.
    public let valuesPerUnit: Int

    /// Cuts `units` things, each one value, into `parts`. O(1), no memory.
    public init(_ units: Int, into parts: Int) {
        self.init(units: units, parts: parts, valuesPerUnit: 1)
    }

    private init(units: Int, parts: Int, valuesPerUnit: Int) {
        precondition(units >= 0 && parts > 0 && valuesPerUnit >= 0, "a cut needs at least one part")
        self.units = units
        self.parts = parts
        self.valuesPerUnit = valuesPerUnit
    }

    /// The same cut where every thing holds `values` times as many values: units of n_α values stay whole.
    public func scaled(by values: Int) -> Cut {
        Cut(units: units, parts: parts, valuesPerUnit: valuesPerUnit * values)
    }

    /// All values: units · valuesPerUnit.
    public var total: Int { units * valuesPerUnit }

    /// The values of one part. O(1).
    public subscript(part: Int) -> Range<Int> {
        precondition(part >= 0 && part < parts, "there is no such part")
        return bound(part)..<bound(part + 1)
    }

    /// The part that holds a value. O(1).
    public func owner(of value: Int) -> Int {
        precondition(value >= 0 && value < total, "there is no such value")
        // unit u is in part p when ⌊p·n/k⌋ ≤ u, that is p < (u+1)·k/n; the largest such p
        return ((value / valuesPerUnit + 1) * parts - 1) / units
    }

    private func bound(_ part: Int) -> Int { part * units / parts * valuesPerUnit }
}
