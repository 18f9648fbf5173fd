import Core
import TestSite

@testable import HTTPService

extension Operation {
    /// With the examples of its placeholders; where it names a user, the one who asks.
    func address(for user: TestUser) -> String {
        path.placeholders.reduce(path.template) { address, placeholder in
            let isOwner =
                if case .owner(let owner, _) = access { owner.declaration === placeholder } else { false }
            let isUser = isOwner || path.template.contains("/users/{\(placeholder.name)}")
            return address.replacing("{\(placeholder.name)}", with: isUser ? user.id : placeholder.example.string!)
        }
    }

    /// The example of its body.
    /// - Parameter value: JSON.
    func exampleBody(changing name: String? = nil, to value: String = "null") -> String {
        let fields = body?.component.example.object?.members.map { ($0.0, $0.1) } ?? []
        let pairs = fields.map { field, example in "\"\(field)\":" + (field == name ? value : example.text) }
        return "{" + pairs.joined(separator: ",") + "}"
    }
}

extension Schema {
    /// Whether values of this type are among what it describes.
    func takes(_ type: String) -> Bool {
        if members["$ref"] != nil { return components[0].schema.takes(type) }
        let types = members["type"]
        return types?.string == type || types?.array?.contains(.string(type)) ?? false
    }
}
