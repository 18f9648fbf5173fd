public import Core

/// The JSON object of a request's body, read field by field. Every error names its field.
public struct Body: Sendable {
    private let object: JSONObject

    /// - Parameter fields: the keys that are known; another one is an error.
    package init(_ bytes: [UInt8], fields: [String]) throws(Problem) {
        let value: JSONValue
        do {
            value = try JSONValue.parse(bytes)
        } catch {
            throw Problem(.invalidJSON, "\(error.message) (at byte \(error.offset))")
        }
        guard let object = value.object else {
            throw Problem(.invalidJSON, "the body must be a JSON object, it is \(value.kind)")
        }
        if let unknown = object.firstKey(besides: fields)?.harmlessName {
            throw Problem(.unknownField, "there is no field \(unknown) here", field: unknown)
        }
        self.object = object
    }

    public func string(_ field: String) throws(Problem) -> String {
        guard let text = try optionalString(field) else {
            throw Problem(.missingField, "the field \(field) is missing", field: field)
        }
        return text
    }

    public func optionalString(_ field: String) throws(Problem) -> String? {
        guard let value = object[field] else { return nil }
        guard let text = value.string else {
            throw Problem(.invalidField, "\(field) must be a string, it is \(value.kind)", field: field)
        }
        return text
    }

    public func id(_ field: String) throws(Problem) -> ID {
        guard let id = ID(try string(field)) else {
            throw Problem(.invalidField, "\(field) must be an id: decimal digits", field: field)
        }
        return id
    }
}
