import Foundation
import Reports

/// report.html: a page of its own, which loads nothing.
struct Page {
    let title: String
    let comparison: Comparison
    /// Nil: gnuplot drew none.
    let figures: [(figure: Figure, picture: Data)]?
    /// The pictures of the groups that have them.
    let filters: [(label: String, folder: String, picture: Data)]

    var html: String {
        htmlPage(
            title,
            """
            <p>\(escapedHTML(comparison.introduction))</p>
            \(curves)
            <h2>Summary</h2>
            <p>\(escapedHTML(comparison.summaryNote))</p>
            \(comparison.summaryTable.html)\(filterSection)<h2>All runs</h2>
            <details><summary>\(numberOfRuns(comparison.runs.count))</summary>
            \(comparison.runTable.html)</details>
            """)
    }

    private var curves: String {
        guard let figures else { return "<p>\(withoutCurves)</p>" }
        let curves = figures.map { htmlFigure($0.picture, $0.figure.caption) }.joined()
        return "<div class=\"curves\">\n\(curves)</div>"
    }

    private var filterSection: String {
        guard !filters.isEmpty else { return "" }
        let all = filters.map { htmlFigure($0.picture, "\($0.label): the smallest seed, \($0.folder)") }.joined()
        return """
            <h2>Filters</h2>
            <p>Weights of units of the first layer as pictures; where two panels stand side by side, the right one \
            shows the same at
            their α only, the values that are learned.</p>
            \(filters.count > 3 ? "<details><summary>\(filters.count) groups</summary>\n\(all)</details>\n" : all)
            """
    }
}

/// What a page says in their place.
let withoutCurves = "Without curves, since gnuplot drew none where this page was made."

/// A whole page around its content.
func htmlPage(_ title: String, _ content: String) -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(escapedHTML(title))</title>
    <style>
    \(style)
    </style>
    </head>
    <body>
    <h1>\(escapedHTML(title))</h1>
    \(content)
    </body>
    </html>

    """
}

func htmlFigure(_ picture: Data, _ caption: String) -> String {
    """
    <figure><div class="wide"><img alt="\(escapedHTML(caption))" \
    src="data:image/png;base64,\(picture.base64EncodedString())"></div>
    <figcaption>\(escapedHTML(caption))</figcaption></figure>

    """
}

private let style = """
    :root { color-scheme: light dark; }
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 0 auto; padding: 1rem; }
    h1, h2 { line-height: 1.2; }
    figure { margin: 1.5rem 0; }
    figcaption { font-size: .9rem; }
    img { background: #fff; max-width: 100%; height: auto; display: block; }
    .curves img { min-width: min(40rem, 200vw); }
    .wide { overflow-x: auto; }
    table { border-collapse: collapse; font-size: .9rem; }
    th, td { border: 1px solid #8888; padding: .2rem .5rem; text-align: left; white-space: nowrap; }
    .n { text-align: right; font-variant-numeric: tabular-nums; }
    summary { cursor: pointer; }
    """
