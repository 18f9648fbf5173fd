import Core
package import HTTPService

/// What clients send of a profile, as a JSON merge.
package enum ProfileFields {
    package static let displayName = Field.text(
        "display_name", TextRule("a display name", .name, 1...60), example: "Ada Lovelace", "Removed: the handle."
    ).merged
    package static let statusMessage = Field.text(
        "status_message", TextRule("a status message", .name, 1...100), example: "Counting", "One line."
    ).merged
    package static let bio = Field.text("bio", TextRule("a bio", .lines, 1...500), example: "I like engines.").merged
    package static let isPrivate = Field.boolean(
        "private", example: false,
        "Private: posts, followers and followees are shown to followers only, and who wants to follow is asked about. "
            + "Public again: all who asked follow."
    ).orNil
    package static let isDiscoverable = Field.boolean(
        "discoverable", example: true, "May the account be suggested and found?"
    ).orNil
    package static let locale = givenLocale.merged
    /// Of something that has one or not.
    package static let givenLocale = Field.string(
        "locale", .string(pattern: "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"),
        example: "en-GB", "Language, script and region (BCP 47).", parse: readLocale)
    package static let timeZone = Field.string(
        "time_zone", .string(length: 1...64), example: "Europe/London", "A name of the IANA's.", parse: readTimeZone
    ).merged

    @Sendable private static func readLocale(_ text: String) throws(Refusal) -> String {
        var parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false).map(Array.init)[...]
        guard let language = parts.popFirst(), 2...3 ~= language.count, language.allSatisfy(isLower) else {
            throw noLocale
        }
        if let script = parts.first, script.count == 4 {
            guard isUpper(script[0]), script[1...].allSatisfy(isLower) else { throw noLocale }
            parts.removeFirst()
        }
        if let region = parts.popFirst() {
            guard region.count == 2 && region.allSatisfy(isUpper) || region.count == 3 && region.allSatisfy(isDigit)
            else { throw noLocale }
        }
        guard parts.isEmpty else { throw noLocale }
        return text
    }

    private static let noLocale = Refusal("a locale is a language, perhaps with script and region, such as en-GB")

    /// Whether there is one of this name is asked where it is stored.
    @Sendable private static func readTimeZone(_ text: String) throws(Refusal) -> String {
        guard 1...64 ~= text.utf8.count, text.utf8.allSatisfy({ 0x21...0x7e ~= $0 }) else {
            throw Refusal("a time zone is a name such as Europe/London")
        }
        return text
    }

    private static func isLower(_ byte: UInt8) -> Bool { (97...122).contains(byte) }
    private static func isUpper(_ byte: UInt8) -> Bool { (65...90).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
