/// Keeps secrets out of messages.
public enum Secrets {
    /// Words that make a value secret, wherever they are in a name such as `sasl.password`.
    private static let names = [
        "password", "passwd", "secret", "passphrase", "token", "jaas", "key.pem", "oauthbearer",
    ]
    private static let mask = "***"

    /// A URI, connection string or list of pairs without its secrets: what is before the last `@`, and the values of
    /// pairs whose name says so. Rather too much is masked than too little: the text may be malformed.
    public static func masked(_ text: String) -> String {
        var shown = text
        if let at = text.lastIndex(of: "@") {
            let start =
                text[..<at].firstRange(of: "://")?.upperBound ?? text[..<at].firstIndex(of: ":")
                ?? text[..<at].startIndex
            shown = text[..<start] + mask + text[at...]
        }
        return maskedPairs(shown)
    }

    /// A message about a text, without the text's secrets: each piece of it that could be one is masked.
    public static func removed(from message: String, of text: String) -> String {
        var shown = message.replacing(text, with: masked(text))
        for secret in secrets(of: text).sorted(by: { $0.count > $1.count }) where secret.count > 1 {
            shown = shown.replacing(secret, with: mask)
        }
        return shown
    }

    private static func secrets(of text: String) -> [String] {
        var found: [String] = []
        if let at = text.lastIndex(of: "@") {
            let start = text[..<at].firstRange(of: "://")?.upperBound ?? text.startIndex
            let login = text[start..<at]
            found.append(String(login))
            if let colon = login.firstIndex(of: ":") { found.append(String(login[login.index(after: colon)...])) }
        }
        for range in values(in: text) {
            found.append(String(text[range]))
            // An unquoted value ends at the first space; what its writer meant may go on behind it.
            found += text[range].split { " \t'\"".contains($0) }.map(String.init)
        }
        return found
    }

    private static func maskedPairs(_ text: String) -> String {
        var shown = text
        for range in values(in: text).reversed() { shown.replaceSubrange(range, with: mask) }
        return shown
    }

    /// Where the values of secret names are, also where the sign between the two is missing.
    private static func values(in text: String) -> [Range<String.Index>] {
        var found: [Range<String.Index>] = []
        var rest = text[...]
        while let name = names.compactMap({ rest.firstRange(ignoringCase: $0) }).min(by: {
            $0.lowerBound < $1.lowerBound
        }) {
            let value = rest[name.upperBound...].drop { isNameCharacter($0) }.drop { " \t\n=:".contains($0) }
            let end = end(of: value)
            if value.startIndex < end { found.append(value.startIndex..<end) }
            rest = text[end...]
        }
        return found
    }

    /// A value goes up to what can only be the next pair: a secret may hold separators, and signs.
    private static func end(of value: Substring) -> String.Index {
        for index in value.indices where isSeparator(value[index]) {
            let next = value[index...].drop(while: isSeparator)
            let name = next.prefix(while: isNameCharacter)
            if !name.isEmpty, next[name.endIndex...].first(where: { $0 != " " }) == "=" { return index }
        }
        return value.endIndex
    }

    private static func isSeparator(_ character: Character) -> Bool { " \t\n;&?".contains(character) }

    private static func isNameCharacter(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "._-".contains(character)
    }
}

extension Substring {
    fileprivate func firstRange(ignoringCase word: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if let end = index(start, offsetBy: word.count, limitedBy: endIndex), self[start..<end].lowercased() == word
            {
                return start..<end
            }
            formIndex(after: &start)
        }
        return nil
    }
}
