/// The settings of a run, of which `layers`, a convolutional net as a text, becomes three: `maps` of convolutions with
/// the units of other layers, `filters` with their size, stride and padding, and what is left. So nets that differ in
/// their sizes alone are of one series.
func withLayersApart(_ settings: [String: String]) -> [String: String] {
    guard let text = settings["layers"] else { return settings }
    var maps: [Substring] = [], filters: [String] = [], rest: [String] = []
    for layer in text.split(separator: ";") {
        var words = layer.split(separator: " ")[...]
        guard words.count > 1, let name = words.first, name == "conv" || name == "full" else {
            rest.append(words.joined(separator: " "))
            continue
        }
        words.removeFirst()
        maps.append(words.removeFirst())
        var filter: [Substring] = []
        if name == "conv", let size = words.popFirst() { filter.append(size) }
        while let word = words.first, word == "stride" || word == "pad" {
            filter += words.prefix(2)
            words = words.dropFirst(2)
        }
        if name == "conv" { filters.append(filter.joined(separator: " ")) }
        rest.append(([name] + words).joined(separator: " "))
    }
    var settings = settings
    settings["layers"] = rest.joined(separator: "; ")
    settings["maps"] = maps.joined(separator: ", ")
    settings["filters"] = filters.joined(separator: ", ")
    return settings
}
