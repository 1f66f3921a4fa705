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
        var filter: [Substring] = [], others = [name]
        if name == "conv", let size = words.popFirst() { filter.append(size) }
        // The words behind may stand in any order.
        for word in ["stride", "pad"] {
            if let place = words.firstIndex(of: word[...]) {
                filter += words[place...].prefix(2)
                words.removeSubrange(place..<min(place + 2, words.endIndex))
            }
        }
        others += words
        if name == "conv" { filters.append(filter.joined(separator: " ")) }
        rest.append(others.joined(separator: " "))
    }
    var settings = settings
    settings["layers"] = rest.joined(separator: "; ")
    settings["maps"] = maps.joined(separator: ", ")
    settings["filters"] = filters.joined(separator: ", ")
    return settings
}
