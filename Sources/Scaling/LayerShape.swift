/// The shape of a parameter that is exchanged: units × values of a unit.
public struct LayerShape: Hashable, Sendable {
    public let units: Int
    public let valuesPerUnit: Int

    public init(units: Int, valuesPerUnit: Int) {
        self.units = units
        self.valuesPerUnit = valuesPerUnit
    }

    /// Shapes as the column `layers` of scaling.csv has them: `500x79+500x51+10x501`.
    static func text(_ layers: [LayerShape]) -> String {
        layers.map { "\($0.units)x\($0.valuesPerUnit)" }.joined(separator: "+")
    }

    /// Reads shapes: none of an empty text, which a table without the column has; nil for other text.
    static func layers(_ text: some StringProtocol) -> [LayerShape]? {
        if text.isEmpty { return [] }
        let parts = text.split(separator: "+", omittingEmptySubsequences: false)
        guard parts.count <= most else { return nil }
        let layers = parts.compactMap { part -> LayerShape? in
            let sizes = part.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
            guard sizes.count == 2, sizes.allSatisfy((1...Configuration.mostUnits).contains) else { return nil }
            return LayerShape(units: sizes[0], valuesPerUnit: sizes[1])
        }
        return layers.count == parts.count ? layers : nil
    }

    /// The most layers that a table can name.
    private static let most = 1000
}
