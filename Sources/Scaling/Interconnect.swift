import Foundation

/// A network between ranks: one that was measured, or one that somebody has.
public struct Interconnect: Sendable {
    /// That of its link in a table, or any other.
    public let name: String
    /// The rate of a link, in either direction; nil where only its name is known.
    public let bitsPerSecond: Double?
    /// Seconds of a message without content, from program to program; nil: as measured.
    public let latency: Double?

    public init(name: String, bitsPerSecond: Double?, latency: Double?) {
        self.name = name
        self.bitsPerSecond = bitsPerSecond
        self.latency = latency
    }

    /// A network by the name of its link, which may be a rate: `100mbit`.
    public init(link: String) { self.init(name: link, bitsPerSecond: Self.rate(link), latency: nil) }

    /// `100mbit`, `2.5gbit`, `500kbit`, in any case, also with `/s` behind; nil for other text, and outside of 1
    /// kbit/s to 10¹⁵ bit/s.
    public static func rate(_ text: String) -> Double? {
        let lower = text.lowercased(), rate = lower.hasSuffix("/s") ? String(lower.dropLast(2)) : lower
        return number(rate, ["kbit": 1e3, "mbit": 1e6, "gbit": 1e9]).flatMap { rates.contains($0) ? $0 : nil }
    }

    /// The rates that links have, in bits a second.
    static let rates = 1e3...1e15

    /// Seconds in `0.1ms`, `50us`, `2s`; nil for other text, and for more than 1000 seconds.
    public static func seconds(_ text: String) -> Double? {
        number(text, ["us": 1e-6, "ms": 1e-3, "s": 1]).flatMap { $0 <= 1000 ? $0 : nil }
    }

    private static func number(_ text: String, _ units: [String: Double]) -> Double? {
        let number = text.prefix { $0.isNumber || $0 == "." }
        guard let unit = units[String(text.dropFirst(number.count))], let value = Double(number), value.isFinite else {
            return nil
        }
        return value * unit
    }
}
