public import Core

/// A piece of a request that an operation takes: a placeholder of the path, a parameter of the query, a field of the body.
/// What all of them have in common, without the type of the value.
public final class Declaration: Sendable {
    public enum Place: String, Sendable {
        case path, query, body
    }

    public let place: Place
    public let name: String
    public let description: String
    public let schema: Schema
    public let example: JSONValue
    public let isRequired: Bool
    /// What reading it can give beside `invalidField` and, where it is required, `missingField`.
    public let problems: [ErrorCode]
    /// - Parameter given: `nil` where it is left out.
    let read: @Sendable (_ given: JSONValue?) throws(Problem) -> any Sendable

    init(
        place: Place, name: String, description: String, schema: Schema, example: JSONValue, isRequired: Bool,
        problems: [ErrorCode], read: @escaping @Sendable (JSONValue?) throws(Problem) -> any Sendable
    ) {
        self.place = place
        self.name = name
        self.description = description
        self.schema = schema
        self.example = example
        self.isRequired = isRequired
        self.problems = problems
        self.read = read
    }

    /// The same, but it may be left out.
    func optional(
        schema: Schema? = nil, _ read: @escaping @Sendable (JSONValue?) throws(Problem) -> any Sendable
    ) -> Declaration {
        Declaration(
            place: place, name: name, description: description, schema: schema ?? self.schema, example: example,
            isRequired: false, problems: problems, read: read)
    }

    /// The same in other words.
    func described(_ description: String) -> Declaration {
        Declaration(
            place: place, name: name, description: description, schema: schema, example: example,
            isRequired: isRequired, problems: problems, read: read)
    }
}

/// A typed declaration, as an operation lists it.
public protocol Declares<Value>: Sendable {
    associatedtype Value: Sendable
    var declaration: Declaration { get }
}

/// Why a value is not taken. Whoever reads it adds where it was.
public struct Refusal: Error, Sendable, Equatable {
    public let code: ErrorCode
    public let detail: String
    /// Where in the value, such as `id` in an object; `nil`: it is the value itself.
    public let path: String?

    public init(_ detail: String, _ code: ErrorCode = .invalidField, at path: String? = nil) {
        self.code = code
        self.detail = detail
        self.path = path
    }
}
