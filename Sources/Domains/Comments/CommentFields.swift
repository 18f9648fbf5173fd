package import Core
package import HTTPService

/// What clients send of a comment.
package enum CommentFields {
    static let longest = 2000
    package static let text = Field.text(
        "text", TextRule("a text", .lines, 1...longest), example: "Good morning to you, too.")
    package static let parent = Field.id(
        "parent", "The comment that it replies to, below the same post; without it, it is a top-level one."
    ).orNil
}

enum CommentPath {
    static let id = PathParameter.id("id", "Of the comment.")
    static let post = PathParameter.id("id", "Of the post.")
}

/// In which order a post's comments are listed.
enum CommentSort: String, CaseIterable, Sendable {
    case oldest, newest, top
}

enum CommentParameters {
    static let sort = Parameter<CommentSort>(
        "sort", .word(of: CommentSort.allCases.map(\.rawValue)), example: "newest",
        """
        Without it: oldest. `top`: the \(CommentRanking.most.description) that most like come first, as they were ranked when \
        the first page was read, then all others, newest first. Its cursor is good for \(CommentRanking.lifeMinutes) minutes.
        """
    ) { text throws(Refusal) in
        guard let sort = CommentSort.allCases.first(where: { $0.rawValue.isExactly(text) }) else {
            throw Refusal("sort is oldest, newest or top")
        }
        return sort
    }.orNil
}
