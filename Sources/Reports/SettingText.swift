import Foundation

/// Whether texts are in order, where numbers inside count by value: 2 before 10.
public func inNaturalOrder(_ a: String, _ b: String) -> Bool { a.compare(b, options: .numeric) == .orderedAscending }

/// A setting in few words: `1 column`, `α shared`, `rate 0.1`, `relu`.
func shortText(_ setting: String, _ value: String) -> String {
    let value = value.hasSuffix(".0") ? String(value.dropLast(2)) : value
    return switch setting {
    case "dictionary", "activation": value
    case "columns", "epochs", "features", "iterations":
        "\(value) \(value == "1" ? String(setting.dropLast()) : setting)"
    case "alpha": "α \(value)"
    case "lambda": "λ \(value)"
    case "sigma": "σ \(value)"
    case "learning-rate": "rate \(value)"
    default: "\(setting) \(value)"
    }
}
