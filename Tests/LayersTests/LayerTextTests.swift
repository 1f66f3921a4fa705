import Layers
import LinearAlgebra
import Testing

@Suite struct LayerTextTests {
    static let standard = WeightSpec(dictionary: .se, proportion: 0.25, columns: 2)

    @Test func wordsBecomeLayers() throws {
        var learned = Self.standard, named = Self.standard
        learned.proportion = 0.4
        (named.dictionary, named.columns) = (.dct, 3)
        let text = """
            conv 48 8 pad 4 learned 2/5; pool 4 stride 2; relu; pool 3; dropout 0.5;
            conv,7,3,stride,2,dense; tanh; full 500 dictionary dct columns 3; sigmoid
            """
        #expect(
            try LayerText.layers(text, standard: Self.standard) == [
                .convolution(maps: 48, size: 8, stride: 1, padding: 4, learned), .maxPool(size: 4, stride: 2),
                .activation(.relu), .maxPool(size: 3, stride: 3), .dropout(rate: 0.5),
                .convolution(maps: 7, size: 3, stride: 2, padding: 0, nil), .activation(.tanh),
                .fullyConnected(units: 500, named), .activation(.sigmoid),
            ])
        #expect(
            try LayerText.layers("conv 4 3 learned 0.5 columns 5; full 9", standard: Self.standard, isDense: true) == [
                .convolution(maps: 4, size: 3, stride: 1, padding: 0, nil), .fullyConnected(units: 9, nil),
            ])
    }

    /// One line: the layer, and what was expected.
    @Test(arguments: [
        ("", "'': expected a layer"), ("relu;", "'': expected a layer"), ("relu relu", "'relu relu': expected nothing"),
        ("conv 8", "'conv 8': expected a filter's rows from 1 to 1000"), ("conv x 3", "expected maps from 1 to"),
        ("conv 0 3", "expected maps"), ("conv 8 99999999999999999999", "expected a filter's rows"),
        ("conv 8 3 pad -1", "expected pad from 0"), ("conv 8 3 pad 1 pad 1", "expected 'pad' once"),
        ("pool 2 pad 1", "not 'pad'"), ("pool 2 stride 0", "expected stride from 1"),
        ("full 8 learned 0", "proportion"), ("full 8 learned nan", "proportion"),
        ("full 8 learned 1/0", "proportion"), ("full 8 learned 1/2/3", "proportion"),
        ("full 8 learned /", "proportion"),
        ("full 8 columns 9", "at most one column a unit, 8"),
        ("full 1", "at most one column a unit, 1"), ("full 8 dictionary no", "expected one of se, emp"),
        ("full 8 dense learned 0.5", "dense, or how it is predicted"), ("dropout 1", "a rate from 0 to 0.999999"),
        ("dropout", "a rate"), ("dense 8", "expected conv, full, pool, relu, tanh, sigmoid or dropout"),
    ])
    func whatIsNoLayerIsNamed(text: String, said: String) {
        #expect {
            try LayerText.layers(text, standard: Self.standard)
        } throws: { "\($0)".contains(said) }
    }

    @Test func thereIsAnEndOfLayers() {
        let text = [String](repeating: "relu", count: 201).joined(separator: ";")
        #expect(throws: LayerSpecError.self) { try LayerText.layers(text, standard: Self.standard) }
    }
}
