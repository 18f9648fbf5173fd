public import Core

extension Field {
    /// A list of things of one kind, no two of which are the same. What is wrong with one is named by its number, such as `options.0`.
    /// - Parameters:
    ///   - item: one of them; its name is not told.
    ///   - example: the whole list.
    public static func distinct<Item: Hashable & Sendable>(
        _ name: String, of item: Field<Item>, count: ClosedRange<Int>, example: [JSONValue], _ description: String = ""
    ) -> Field where Value == [Item] {
        Field(
            name, .array(of: item.declaration.schema, count: count).with("uniqueItems", true), example: .array(example),
            description
        ) { given throws(Refusal) in
            guard let list = given.array, count.contains(list.count) else {
                throw Refusal("\(name) must be a list of \(count.lowerBound) to \(count.upperBound)")
            }
            var items: [Item] = []
            for (number, given) in list.enumerated() {
                do throws(Refusal) {
                    items.append(try item.parse(given))
                } catch {
                    throw Refusal(error.detail, error.code, at: error.path.map { "\(number).\($0)" } ?? "\(number)")
                }
            }
            guard Set(items).count == items.count else { throw Refusal("no two of \(name) are the same") }
            return items
        }
    }

    /// An object of fields of its own; a key that is not among them is an error. What is wrong is named by its path, such as
    /// `target.id`.
    /// - Parameters:
    ///   - component: the name of its schema.
    ///   - read: reads the fields (`Field.read`).
    public static func object(
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
