import Accounts
import Core
import HTTPService

/// What moderators and admins send.
enum AdminFields {
    static let prefix = Parameter(
        "q", .string(pattern: "^[A-Za-z0-9_]{1,30}$"), example: "ada", "How the handle begins, in any case."
    ) { text throws(Refusal) in
        guard 1...30 ~= text.utf8.count, text.utf8.allSatisfy(isHandleByte) else {
            throw Refusal("q is the beginning of a handle: 1 to 30 of a-z, 0-9 and _")
        }
        return text.lowercased()
    }.orNil

    static let role = Field.string("role", UserRole.schema, example: "moderator") { text throws(Refusal) in
        guard let role = UserRole.allCases.first(where: { $0.rawValue.isExactly(text) }) else {
            throw Refusal("role is user, moderator or admin")
        }
        return role
    }.orNil

    static let suspendedUntil = Field.string(
        "suspended_until", Component.time.schema, example: "9999-12-31T23:59:59.999Z",
        "When it ends by itself; the last millisecond of 9999: never."
    ) { text throws(Refusal) in
        guard let time = milliseconds(rfc3339: text) else {
            throw Refusal("suspended_until must be a time in UTC such as 2026-01-05T00:07:21.289Z")
        }
        return Suspension(until: time)
    }.merged

    private static func isHandleByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
