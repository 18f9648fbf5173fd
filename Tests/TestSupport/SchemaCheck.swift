public import Core

/// Holds JSON against JSON Schema, as far as our document uses it. A word that it does not know is an error, too: so
/// nothing is taken for checked that is not.
public struct SchemaCheck: Sendable {
    private static let silent: Set<String> = ["description", "default", "format", "discriminator", "example"]
    private let document: JSONValue

    /// - Parameter document: into which references point.
    public init(_ document: JSONValue) {
        self.document = document
    }

    /// What `#/…` points to; `nil`: nothing.
    public func target(of reference: String) -> JSONValue? {
        guard reference.hasPrefix("#/") else { return nil }
        return reference.dropFirst(2).split(separator: "/").reduce(document as JSONValue?) { node, step in
            node?.object?[String(step)]
        }
    }

    /// - Returns: what is wrong with the value, with the place; empty: nothing.
    public func complaints(_ value: JSONValue, _ schema: JSONValue, at place: String = "$") -> [String] {
        guard let members = schema.object else { return ["\(place): the schema is no object"] }
        return members.members.flatMap { word, rule -> [String] in
            check(value, word, rule, members).map { "\(place): \($0)" }
                + below(value, word, rule, members, at: place)
        }
    }

    // MARK: The value itself

    private func check(_ value: JSONValue, _ word: String, _ rule: JSONValue, _ schema: JSONObject) -> [String] {
        let isRight: Bool
        switch word {
        case "type": isRight = (rule.array ?? [rule]).contains { isOfType(value, $0.string ?? "") }
        case "const": isRight = value == rule
        case "enum": isRight = rule.array?.contains(value) ?? false
        case "minLength": isRight = value.string.map { $0.unicodeScalars.count >= rule.integer! } ?? true
        case "maxLength": isRight = value.string.map { $0.unicodeScalars.count <= rule.integer! } ?? true
        case "minimum": isRight = value.integer.map { $0 >= rule.integer! } ?? true
        case "maximum": isRight = value.integer.map { $0 <= rule.integer! } ?? true
        case "minItems": isRight = value.array.map { $0.count >= rule.integer! } ?? true
        case "maxItems": isRight = value.array.map { $0.count <= rule.integer! } ?? true
        case "uniqueItems":
            isRight = value.array.map { items in items.allSatisfy { item in items.count { $0 == item } == 1 } } ?? true
        case "pattern": isRight = value.string.map { matches($0, rule.string!) } ?? true
        case "required":
            isRight = value.object.map { object in rule.array!.allSatisfy { object[$0.string!] != nil } } ?? true
        case "additionalProperties":
            let known = schema["properties"]?.object?.keys ?? []
            isRight = value.object.map { $0.firstKey(besides: known) == nil } ?? true
        case "not": isRight = !complaints(value, rule).isEmpty
        case "oneOf": isRight = rule.array!.count { complaints(value, $0).isEmpty } == 1
        case "$ref", "properties", "items": return []
        case _ where Self.silent.contains(word): return []
        default: return ["the word \(word) is not known to this check"]
        }
        return isRight ? [] : ["\(value.text.prefix(80)) is against \(word) \(rule.text.prefix(80))"]
    }

    private func isOfType(_ value: JSONValue, _ type: String) -> Bool {
        switch (value, type) {
        case (.string, "string"), (.integer, "integer"), (.integer, "number"), (.number, "number"), (.bool, "boolean"),
            (.array, "array"), (.object, "object"), (.null, "null"):
            true
        default: false
        }
    }

    private func matches(_ text: String, _ pattern: String) -> Bool {
        // Swift takes no range that begins with a character that has another form; no example has this space.
        let pattern = pattern.replacing(#"\u2000-"#, with: #"\u2002-"#)
        guard let regex = try? Regex(pattern).matchingSemantics(.unicodeScalar) else { return false }
        return text.contains(regex)
    }

    // MARK: What is in it

    private func below(
        _ value: JSONValue, _ word: String, _ rule: JSONValue, _ schema: JSONObject, at place: String
    ) -> [String] {
        switch word {
        case "$ref":
            guard let target = target(of: rule.string ?? "") else { return ["\(place): nothing at \(rule.text)"] }
            return complaints(value, target, at: place)
        case "items":
            return (value.array ?? []).enumerated().flatMap { complaints($1, rule, at: "\(place)[\($0)]") }
        case "properties":
            guard let object = value.object, let properties = rule.object else { return [] }
            return properties.members.flatMap { key, schema in
                object[key].map { complaints($0, schema, at: "\(place).\(key)") } ?? []
            }
        default: return []
        }
    }
}
