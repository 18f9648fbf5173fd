/// Where an operation is: `"/v1/users/\(UserPath.id)/follow"`, its placeholders being declarations.
public struct Path: Sendable {
    enum Segment: Sendable, Equatable {
        case literal(String)
        /// - Parameter words: `nil`: any, but for an empty one, and one that begins with `@`.
        case placeholder(words: [String]?)
        /// It begins with `@`.
        case atPlaceholder
    }

    let segments: [Segment]
    public let placeholders: [Declaration]
    /// As OpenAPI writes it: `/v1/users/{id}/follow`.
    public let template: String
}

extension Path: ExpressibleByStringInterpolation {
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""
        fileprivate var placeholders: [(declaration: Declaration, words: [String]?)] = []

        public init(literalCapacity: Int, interpolationCount: Int) {}

        public mutating func appendLiteral(_ literal: String) { text += literal }

        public mutating func appendInterpolation<Value>(_ parameter: PathParameter<Value>) {
            text += "{\(parameter.declaration.name)}"
            placeholders.append((parameter.declaration, parameter.words))
        }
    }

    public init(stringLiteral text: String) { self.init(text, []) }

    public init(stringInterpolation: StringInterpolation) {
        self.init(stringInterpolation.text, stringInterpolation.placeholders)
    }

    private init(_ template: String, _ found: [(declaration: Declaration, words: [String]?)]) {
        precondition(template.hasPrefix("/"), "a path begins with a slash: \(template)")
        var left = found[...]
        segments = template.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { text in
            guard text.hasSuffix("}"), let placeholder = left.first else { return .literal(String(text)) }
            left.removeFirst()
            let name = placeholder.declaration.name
            precondition(["{\(name)}", "@{\(name)}"].contains(text), "a placeholder is a whole segment: \(template)")
            return text.hasPrefix("@") ? .atPlaceholder : .placeholder(words: placeholder.words)
        }
        precondition(left.isEmpty, "a placeholder is a whole segment: \(template)")
        placeholders = found.map(\.declaration)
        self.template = template
    }
}
