package import HTTPService

/// What clients send of a post.
package enum PostFields {
    package static let text = Field.text("text", TextRule("a text", .lines, 1...5000), example: "Good morning, all.")
}

enum PostPath {
    static let id = PathParameter.id("id", "Of the post.")
    static let author = PathParameter.id("id", "Of the user.")
}
