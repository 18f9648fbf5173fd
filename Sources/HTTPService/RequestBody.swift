package import Core

/// The JSON object that an operation takes: its fields, and the name of its schema.
public struct RequestBody: Sendable {
    public let name: String
    public let fields: [Declaration]
    let names: [String]

    /// False: without any field it may be left out.
    let isRequired: Bool

    public init(_ name: String, _ fields: any Declares...) {
        self.init(name, fields: fields.map(\.declaration))
    }

    /// - Parameter needsOne: one of its fields must be there, whichever; the handler says which go together.
    public init(_ name: String, fields: [Declaration], needsOne: Bool = false) {
        isRequired = needsOne || fields.contains(where: \.isRequired)
        self.name = name
        self.fields = fields
        names = fields.map(\.name)
        precondition(self.fields.allSatisfy { $0.place == .body }, "only fields make a body: \(name)")
    }

    public var component: Component { Self.component(name, fields) }

    /// Closed: a key that is not known is an error.
    static func component(_ name: String, _ fields: [Declaration]) -> Component {
        let properties = fields.map { field in
            let schema = field.schema.described(field.description)
            return field.isRequired
                ? Schema.Property.always(field.name, schema) : .sometimes(field.name, schema)
        }
        return Component(
            name, .object(properties, isClosed: true),
            example: .object(JSONObject(fields.map { ($0.name, $0.example) })))
    }

    /// Reads the fields, in their order.
    func read(_ bytes: [UInt8], _ values: inout [any Sendable]) throws(Problem) {
        let object = try Self.object(bytes, names)
        for field in fields { values.append(try field.read(object[field.name])) }
    }

    /// - Parameter names: the keys that are known; another one is an error.
    package static func object(_ bytes: [UInt8], _ names: [String]) throws(Problem) -> JSONObject {
        let value: JSONValue
        do {
            value = try JSONValue.parse(bytes)
        } catch {
            throw Problem(.invalidJSON, "\(error.message) (at byte \(error.offset))")
        }
        guard let object = value.object else {
            throw Problem(.invalidJSON, "the body must be a JSON object, it is \(value.kind)")
        }
        if let unknown = object.firstKey(besides: names)?.harmlessName {
            throw Problem(.unknownField, "there is no field \(unknown) here", field: unknown)
        }
        return object
    }
}
