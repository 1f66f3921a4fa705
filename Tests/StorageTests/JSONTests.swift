import Foundation
import Storage
import Testing

@Suite struct JSONTests {
    @Test func valuesComeBack() throws {
        let values = ["a": [1.5, 2], "b": []]
        #expect(try decodeJSON([String: [Double]].self, from: JSONEncoder().encode(values)) == values)
    }

    /// Text that nests too deeply is refused wherever it breaks off.
    @Test(arguments: ["[", #"{"a":"#], [1, 511, 512, 513, 514, 100_000]) func deepNesting(level: String, count: Int) {
        for end in ["", "]", " ", "1"] {
            let text = String(repeating: level, count: count) + end
            #expect(throws: DecodingError.self) { try decodeJSON([String: Double].self, from: text.utf8) }
        }
    }
}
