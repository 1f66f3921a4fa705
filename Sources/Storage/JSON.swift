import Foundation

/// Reads a value from JSON text.
///
/// Foundation's decoder (Swift 6.3) allows 512 levels, and ends the process at a text that breaks off just where there
/// are more: it looks for the line of the error behind the end. So white space is put there.
///
/// - Throws: `DecodingError`.
public func decodeJSON<Value: Decodable>(_ type: Value.Type, from text: some Sequence<UInt8>) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text) + [UInt8(ascii: " ")])
}
