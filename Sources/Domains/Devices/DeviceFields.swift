import Accounts
import Core
package import HTTPService
package import Push

/// What clients send of a device. Which of these belong to a kind says `DeviceContent`.
package enum DeviceFields {
    package static let kind = Field.string(
        "kind", .word(of: PushProvider.allCases.map(\.rawValue)), example: "webpush",
        "`webpush` has `endpoint`, `p256dh` and `auth`; `apns` has `token`, `topic` and perhaps `sandbox`; `fcm` has `token`; "
            + "`webhook` has `url`."
    ) { text throws(Refusal) in
        guard let kind = PushProvider.allCases.first(where: { $0.rawValue.isExactly(text) }) else {
            throw Refusal("kind is webpush, apns, fcm or webhook")
        }
        return kind
    }

    static let endpoint = text("endpoint", 2048, "https://push.example.com/f4e2", "As `PushSubscription` has it.")
    static let p256dh = text(
        "p256dh", 128, "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "The browser's key, in Base64url.")
    static let auth = text("auth", 64, "BTBZMqHH6r4Tts7J_aSIgg", "16 bytes in Base64url.")
    static let token = text("token", 1024, "bk3RNwTe3H0", "As the system gave it to the application.")
    static let topic = text("topic", 255, "com.example.app", "The application's bundle identifier.")
    static let url = text("url", 2048, "https://hooks.example.com/martlet", "A public address, by https.")
    static let isSandbox = Field.boolean("sandbox", example: false, "The application was built for development.").orNil

    /// Those that belong to some kinds.
    static let places = [endpoint, p256dh, auth, token, topic, url]

    static let name = Field.text(
        "name", TextRule("a name", .name, 1...60), example: "Ada's phone", "For people."
    ).orNil

    static let locale = ProfileFields.givenLocale.orNil

    /// What a kind asks of it, its own code says.
    private static func text(_ name: String, _ longest: Int, _ example: String, _ description: String) -> Field<String?>
    {
        Field.string(name, .string(length: 1...longest), example: example, description) { text throws(Refusal) in
            guard 1...longest ~= text.utf8.count else { throw Refusal("\(name) has 1 to \(longest) characters") }
            return text
        }.orNil
    }

    static let body = RequestBody(
        "NewDevice", fields: ([kind] as [any Declares] + places + [isSandbox, name, locale]).map(\.declaration))
}
