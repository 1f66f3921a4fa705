import Foundation

/// A value of a table: exact in CSV, rounded where it is to be read.
enum Cell {
    case text(String)
    /// A setting in run.json's text, which may be a number of many digits.
    case setting(String)
    case count(Int)
    /// With its format for readers.
    case number(Double, String)
    case numbers([Double], String)
    case missing

    init(setting: String?) { self = setting.map(Cell.setting) ?? .missing }

    init(_ number: Double?, _ format: String) { self = number.map { .number($0, format) } ?? .missing }

    init(_ numbers: [Double]?, _ format: String) { self = numbers.map { .numbers($0, format) } ?? .missing }

    var exact: String {
        switch self {
        case .text(let text), .setting(let text): text
        case .count(let count): "\(count)"
        case .number(let number, _): "\(number)"
        case .numbers(let numbers, _): numbers.map { "\($0)" }.joined(separator: ", ")
        case .missing: ""
        }
    }

    var readable: String {
        switch self {
        case .number(let number, let format): String(format: format, number)
        case .numbers(let numbers, let format): numbers.map { String(format: format, $0) }.joined(separator: ", ")
        case .setting(let text):
            // Fractions; a seed is no measurement.
            text.count > 6 && text.contains { ".e".contains($0) }
                ? Double(text).map { String(format: "%.4g", $0) } ?? text : text
        default: exact
        }
    }

    var isNumber: Bool { Double(exact) != nil }
}

/// Rows under the names of their columns, as CSV, Markdown and HTML.
struct Table {
    let columns: [String]
    var rows: [[Cell]] = []

    /// RFC 4180, with \n for ends of lines: a value with a comma, a quote or an end of line is quoted, its quotes
    /// doubled.
    var csv: String {
        func quoted(_ value: String) -> String {
            // By bytes: \r\n is one Character, which is neither \r nor \n.
            let special = value.utf8.contains { [UInt8(ascii: ","), UInt8(ascii: "\""), 13, 10].contains($0) }
            return special ? "\"" + value.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : value
        }
        return ([columns] + rows.map { $0.map(\.exact) }).map { $0.map(quoted).joined(separator: ",") + "\n" }.joined()
    }

    var markdown: String {
        let lines =
            [columns.map(escapedMarkdown), columns.map { _ in "---" }]
            + rows.map { $0.map { escapedMarkdown($0.readable) } }
        return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }

    var html: String {
        let head = columns.map { "<th>\(escapedHTML($0))</th>" }.joined()
        let body = rows.map { row in
            "<tr>" + row.map { "<td\($0.isNumber ? " class=\"n\"" : "")>\(escapedHTML($0.readable))</td>" }.joined()
                + "</tr>\n"
        }
        return "<div class=\"wide\"><table>\n<tr>\(head)</tr>\n\(body.joined())</table></div>\n"
    }
}

/// Without ends of lines and other control characters.
func oneLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
}

func escapedMarkdown(_ text: String) -> String {
    ["|", "<", "*", "_", "`"].reduce(oneLine(text).replacingOccurrences(of: "\\", with: "\\\\")) {
        $0.replacingOccurrences(of: $1, with: "\\" + $1)
    }
}

func escapedHTML(_ text: String) -> String {
    [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")].reduce(oneLine(text)) {
        $0.replacingOccurrences(of: $1.0, with: $1.1)
    }
}
