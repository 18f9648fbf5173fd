package import Core
package import HTTPService

/// What clients send about notifications.
package enum NotificationFields {
    package static let mostKeys = 100
    static let keyPattern = "^[a-z_]{1,16}(:[a-z]{1,16}:[0-9]{1,16})?$"

    package static let key = PathParameter(
        "key", .string(pattern: keyPattern), example: "follow", "As in the list."
    ) { isKey($0) ? $0 : nil }

    package static let upTo = Field.id("up_to", "The `id` of a notification: it and all older ones.").orNil

    package static let keys = Field<[String]>(
        "keys", .array(of: .string(pattern: keyPattern), count: 1...mostKeys), example: ["follow"],
        "Those with these keys, as far as they are there."
    ) { given throws(Refusal) in
        guard let items = given.array, 1...mostKeys ~= items.count else {
            throw Refusal("keys must be a list of 1 to \(mostKeys) keys")
        }
        return try items.map { item throws(Refusal) in
            guard let key = item.string, isKey(key) else { throw Refusal("keys must be keys of notifications") }
            return key
        }
    }.orNil

    static let isUnread = Parameter<Bool>(
        "unread", .word(of: ["true", "false"]), example: "true", "`true`: only those that are not read."
    ) { text throws(Refusal) in
        guard text.isExactly("true") || text.isExactly("false") else { throw Refusal("unread is true or false") }
        return text.isExactly("true")
    }.orNil

    static func types(_ known: [String]) -> Parameter<[String]?> {
        Parameter<[String]>(
            "types", .string(pattern: "^[a-z_]{1,16}(,[a-z_]{1,16})*$"), example: "like,comment",
            "Only those of these types, with commas between them: \(known.joined(separator: ", "))."
        ) { text throws(Refusal) in
            let types = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
                String(Substring($0))
            }
            guard types.count <= known.count, types.allSatisfy(known.containsExactly) else {
                throw Refusal("types are some of \(known.joined(separator: ", ")), with commas between them")
            }
            return types
        }.orNil
    }

    /// By bytes: `type`, or `type:object:id`.
    private static func isKey(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        func isWord(_ part: Substring.UTF8View, _ others: UInt8...) -> Bool {
            1...16 ~= part.count && part.allSatisfy { 97...122 ~= $0 || others.contains($0) }
        }
        guard parts.count == 1 || parts.count == 3, isWord(parts[0], UInt8(ascii: "_")) else { return false }
        return parts.count == 1
            || isWord(parts[1]) && 1...16 ~= parts[2].count && parts[2].allSatisfy { 48...57 ~= $0 }
    }
}
