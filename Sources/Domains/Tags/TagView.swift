import Core
import HTTPService
import Posts
import Store

/// A hashtag: `{"name","display","posts"}`, for who is signed in also `"followed"`, of a popular one `"posts_today","users_today"`.
struct TagView: Sendable, Equatable {
    /// As it is compared, and found by.
    let name: String
    /// As it was written first.
    let display: String
    /// How many public posts have it.
    let posts: Int64
    /// Does the reader follow it? `nil`: he is not signed in.
    let followed: Bool?
    let today: Today?

    /// In the last 24 hours.
    struct Today: Sendable, Equatable {
        let posts: Int64
        let users: Int64
    }

    init(_ row: PgRow, to reader: ID?, today: Today? = nil) throws(PgError) {
        self.init(
            name: try row.text("name"), display: try row.text("display"), posts: try row.integer("posts"),
            followed: reader == nil ? nil : try row.bool("followed"), today: today)
    }

    private init(name: String, display: String, posts: Int64, followed: Bool?, today: Today?) {
        (self.name, self.display, self.posts) = (name, display, posts)
        (self.followed, self.today) = (followed, today)
    }

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"name\":")
        writer.append(jsonString: name)
        writer.append(ascii: ",\"display\":")
        writer.append(jsonString: display)
        writer.append(ascii: ",\"posts\":")
        writer.append(decimal: posts)
        if let followed { writer.append(ascii: followed ? ",\"followed\":true" : ",\"followed\":false") }
        if let today {
            writer.append(ascii: ",\"posts_today\":")
            writer.append(decimal: today.posts)
            writer.append(ascii: ",\"users_today\":")
            writer.append(decimal: today.users)
        }
        writer.append(ascii: "}")
    }

    // MARK: As it is documented

    private static let properties: [Schema.Property] = [
        .always("name", .string(length: 1...60), "As it is compared: folded by NFKC_Casefold."),
        .always("display", .string(), "As it was written first."),
        .always("posts", .integer(from: 0), "How many public posts have it."),
        .sometimes("followed", .boolean, "For who is signed in: does the caller follow it?"),
    ]

    static let component = Component("Tag", .object(properties), writing: example().append)

    static let popular = Component(
        "PopularTag",
        .object(
            properties + [
                .always("posts_today", .integer(from: 0), "In the last 24 hours; about."),
                .always("users_today", .integer(from: 0), "Who wrote these; about."),
            ]), writing: example(today: Today(posts: 7, users: 5)).append)

    static let popularList = Component(
        "PopularTagList", .object([.always("items", .array(of: popular.reference))]),
        example: ["items": [popular.example]])

    private static func example(today: Today? = nil) -> TagView {
        TagView(name: "zähler", display: "Zähler", posts: 12, followed: true, today: today)
    }
}
