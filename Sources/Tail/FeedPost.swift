package import Core
import Glibc

/// A post, as far as it is shown.
package struct FeedPost: Equatable {
    let id: ID
    let handle: String
    let displayName: String
    package let text: String
    package let createdAt: String
    /// Milliseconds since 1970.
    package let milliseconds: Int64

    /// `nil` when a key is missing or of another kind.
    init?(_ value: JSONValue) {
        guard let post = value.object, let id = post["id"]?.string.flatMap({ ID($0) }),
            let author = post["author"]?.object, let handle = author["handle"]?.string,
            let displayName = author["display_name"]?.string, let text = post["text"]?.string,
            let createdAt = post["created_at"]?.string, let milliseconds = Self.milliseconds(createdAt)
        else { return nil }
        self.id = id
        self.handle = handle
        self.displayName = displayName
        self.text = text
        // Written anew: what was between the digits is nobody's business.
        self.createdAt = rfc3339(milliseconds: milliseconds)
        self.milliseconds = milliseconds
    }

    /// Reads `2026-11-21T10:00:00.000Z`.
    private static func milliseconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        let digits = bytes.filter { (48...57).contains($0) }.map { Int32($0) - 48 }
        guard bytes.count == 24, digits.count == 17, bytes[10] == UInt8(ascii: "T"), bytes[23] == UInt8(ascii: "Z")
        else { return nil }
        func number(_ range: Range<Int>) -> Int32 { digits[range].reduce(0) { $0 * 10 + $1 } }
        var time = tm()
        time.tm_year = number(0..<4) - 1900
        time.tm_mon = number(4..<6) - 1
        time.tm_mday = number(6..<8)
        time.tm_hour = number(8..<10)
        time.tm_min = number(10..<12)
        time.tm_sec = number(12..<14)
        return Int64(timegm(&time)) * 1000 + Int64(number(14..<17))
    }
}

/// `GET /v1/feed`, or a list of posts, as far as it is used.
package struct FeedPage {
    /// Newest first; the values as they came beside what was read of them.
    package let posts: [(post: FeedPost, value: JSONValue)]
    let next: String?
    /// `nil` in a list.
    let live: String?

    package init?(_ body: [UInt8]) {
        guard let object = (try? JSONValue.parse(body))?.object, let items = object["items"]?.array else { return nil }
        posts = items.compactMap { value in FeedPost(value).map { ($0, value) } }
        next = object["next"]?.string
        live = object["live"]?.string
    }

    /// Of one post.
    init?(post body: [UInt8]) {
        guard let value = try? JSONValue.parse(body), let post = FeedPost(value) else { return nil }
        (posts, next, live) = ([(post, value)], nil, nil)
    }
}
