import Core
package import HTTPService

/// What clients send of a post.
package enum PostFields {
    package static let text = Field.text("text", TextRule("a text", .lines, 1...5000), example: "Good morning, all.")

    /// Of a new post it may be missing where there is something else; of an edit, it stays then.
    static let newText = text.orNil

    /// `nil`: as the account is.
    package static let visibility = Field.string(
        "visibility", Visibility.schema, example: "followers",
        "For whom it is; `public` counts while the account is not private. Without it: `public`, of a private account "
            + "`followers`."
    ) { text throws(Refusal) in
        guard let visibility = Visibility.allCases.first(where: { $0.rawValue.isExactly(text) }) else {
            throw Refusal("visibility is public or followers")
        }
        return visibility
    }.orNil
}

extension PostFields {
    private static let access = Field.string(
        "comments", CommentAccess.schema, example: "followers",
        "Who may comment on it: `all` who see it, the author's `followers` and the author, or `none`, not the author "
            + "either. Comments that are there stay."
    ) { text throws(Refusal) in
        guard let access = CommentAccess.allCases.first(where: { $0.rawValue.isExactly(text) }) else {
            throw Refusal("comments is all, followers or none")
        }
        return access
    }

    package static let comments = access.or(.all)

    static let newComments = access.orNil
}

enum PostPath {
    static let id = PathParameter.id("id", "Of the post.")
    static let author = PathParameter.id("id", "Of the user.")
}

extension Visibility {
    static let schema = Schema.word(of: allCases.map(\.rawValue))
}
