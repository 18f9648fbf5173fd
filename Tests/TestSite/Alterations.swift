/// An opaque text changed at its beginning, middle and end, cut, and with more behind it.
public func alterations(_ text: String) -> [String] {
    func flipped(_ place: Int) -> String {
        var characters = Array(text)
        characters[place] = characters[place] == "B" ? "y" : "B"
        return String(characters)
    }
    return [flipped(0), flipped(text.count / 2), flipped(text.count - 1), String(text.dropLast()), text + "A"]
}
