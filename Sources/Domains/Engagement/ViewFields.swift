package import Core
package import HTTPService

/// What clients send of views.
package enum ViewFields {
    package static let posts = Field<[ID]>(
        "posts", .array(of: Component.id.reference, count: 1...Views.most), example: .array([Component.id.example]),
        "What the caller has had before his eyes."
    ) { given throws(Refusal) in
        guard let items = given.array, 1...Views.most ~= items.count else {
            throw Refusal("posts must be a list of 1 to \(Views.most) ids")
        }
        return try items.map { item throws(Refusal) in
            guard let id = item.string.flatMap({ ID($0) }) else { throw Refusal("posts must be ids: decimal digits") }
            return id
        }
    }
}
