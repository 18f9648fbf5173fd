import Core
import Crypto

/// What the setting `secrets-accepted` says: `SECRET@TIME,SECRET@TIME`. A secret may have commas and `@` in it, for each goes up to the
/// next `@` that a time follows. What is wrong is told by the place in the list, never by what is there.
struct AcceptedSecrets {
    private(set) var all: [SiteSecrets.Accepted] = []
    /// `nil`: none.
    private(set) var problem: String?

    init(_ text: String) {
        var (rest, number) = (text[...], 0)
        while let first = rest.firstIndex(where: { !Self.isBetween($0) }) {
            rest = rest[first...]
            number += 1
            guard let (secret, end, left) = Self.next(rest) else {
                problem = "number \(number) has no @ with a time behind it"
                return
            }
            guard secret.utf8.count >= 32 else {
                problem = "secret number \(number) has \(secret.utf8.count) characters, and needs 32"
                return
            }
            all.append(SiteSecrets.Accepted(Array(secret.utf8), end: end))
            rest = left
        }
        if all.count > SiteSecrets.mostAccepted {
            problem = "these are \(all.count), and \(SiteSecrets.mostAccepted) may be accepted"
        }
        if Set(all.map(\.secret)).count < all.count { problem = "one secret is there twice" }
    }

    private static func isBetween(_ character: Character) -> Bool { character == "," || character.isWhitespace }

    private static func next(_ text: Substring) -> (secret: Substring, end: Int64, rest: Substring)? {
        for at in text.indices where text[at] == "@" {
            let time = text[text.index(after: at)...].prefix { !isBetween($0) }
            guard let end = milliseconds(of: time) else { continue }
            return (text[..<at], end, text[time.endIndex...])
        }
        return nil
    }

    /// With or without milliseconds.
    private static func milliseconds(of time: Substring) -> Int64? {
        let text = time.hasSuffix("Z") && !time.contains(".") ? time.dropLast() + ".000Z" : String(time)
        return Core.milliseconds(rfc3339: text)
    }
}
