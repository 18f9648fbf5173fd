package import Core

extension Field {
    /// An object of fields of its own; a key that is not among them is an error. What is wrong is named by its path, such as
    /// `target.id`.
    /// - Parameters:
    ///   - component: the name of its schema.
    ///   - read: reads the fields (`Field.read`).
    package static func object(
        _ name: String, _ component: String, _ fields: [any Declares], _ description: String = "",
        read: @escaping @Sendable (JSONObject) throws(Problem) -> Value
    ) -> Field {
        let declarations = fields.map(\.declaration)
        let names = declarations.map(\.name)
        let component = RequestBody.component(component, declarations)
        return Field(
            name, component.reference, example: component.example, description,
            problems: [.missingField, .unknownField]
        ) { given throws(Refusal) in
            guard let object = given.object else { throw Refusal("\(name) must be an object, it is \(given.kind)") }
            if let unknown = object.firstKey(besides: names)?.harmlessName {
                throw Refusal("there is no field \(unknown) in \(name)", .unknownField, at: unknown)
            }
            do throws(Problem) {
                return try read(object)
            } catch {
                throw Refusal(error.detail, error.code, at: error.field)
            }
        }
    }
}
