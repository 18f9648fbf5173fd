/// A text in base64url with each of its characters changed to two others, cut everywhere, prolonged, and respelled in ways
/// that a lax decoder takes for the same.
public func everyChange(_ text: String) -> [String] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    let characters = Array(text)
    var changes: [String] = []
    for (place, character) in characters.enumerated() {
        for step in [1, 32] {
            var changed = characters
            changed[place] = alphabet[(alphabet.firstIndex(of: character)! + step) % 64]
            changes.append(String(changed))
        }
    }
    changes += (1..<characters.count).map { String(characters[..<$0]) }
    changes += ["A", "AA", "AAAA", text, "=", "==", "%20", "%09", "~"].map { text + $0 }
    // The bits of the last character that say nothing.
    return changes + alphabet.filter { $0 != characters.last }.map { String(characters.dropLast()) + String($0) }
}

/// An opaque text changed at its beginning, middle and end, cut, and with more behind it.
public func alterations(_ text: String) -> [String] {
    func flipped(_ place: Int) -> String {
        var characters = Array(text)
        characters[place] = characters[place] == "B" ? "y" : "B"
        return String(characters)
    }
    return [flipped(0), flipped(text.count / 2), flipped(text.count - 1), String(text.dropLast()), text + "A"]
}
