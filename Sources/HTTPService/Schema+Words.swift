import Core

extension JSONObject {
    /// A schema in a few words: its kind and its limits.
    var inWords: String {
        if let reference = self["$ref"]?.string { return String(reference.split(separator: "/").last ?? "") }
        if let word = self["const"]?.string { return "`\(word)`" }
        if let words = self["enum"]?.array {
            return "one of " + words.compactMap(\.string).map { "`\($0)`" }.joined(separator: ", ")
        }
        if let choices = self["oneOf"]?.array {
            return choices.compactMap(\.object).map(\.inWords).joined(separator: " or ")
        }
        if let types = self["type"]?.array, let first = types.first {
            var own = self
            own.set("type", first)
            return own.inWords + ", or null"
        }
        switch self["type"]?.string {
        case "string": return "string" + range("minLength", "maxLength", " characters") + format + pattern
        case "integer": return "whole number" + range("minimum", "maximum", "")
        case "boolean": return "true or false"
        case "array":
            let item = self["items"]?.object?.inWords ?? "anything"
            let distinct = self["uniqueItems"]?.bool == true ? ", no two the same" : ""
            return "array of \(item)" + range("minItems", "maxItems", "") + distinct
        default: return "object"
        }
    }

    private var format: String { self["format"]?.string.map { " (\($0))" } ?? "" }

    /// A long one tells people nothing.
    private var pattern: String {
        guard let pattern = self["pattern"]?.string, pattern.utf8.count < 80 else { return "" }
        return ", as `\(pattern)`"
    }

    private func range(_ least: String, _ most: String, _ unit: String) -> String {
        switch (self[least]?.integer, self[most]?.integer) {
        case (let least?, let most?): ", \(least) to \(most)\(unit)"
        case (let least?, nil): ", at least \(least)\(unit)"
        case (nil, let most?): ", at most \(most)\(unit)"
        case (nil, nil): ""
        }
    }
}

extension JSONValue {
    /// Over several lines, for people.
    var indented: String { indented(by: "") }

    private func indented(by space: String) -> String {
        let inner = space + "  "
        switch self {
        case .array(let items) where !items.isEmpty:
            let lines = items.map { inner + $0.indented(by: inner) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(space)]"
        case .object(let object) where !object.keys.isEmpty:
            let lines = object.members.map { key, value in
                "\(inner)\(JSONValue.string(key).text): \(value.indented(by: inner))"
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(space)}"
        default: return text
        }
    }
}
