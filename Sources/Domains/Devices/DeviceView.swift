import Core
import HTTPService
import Push
import Store

/// A device as its user sees it, without where it is: `{"id","kind","name"?,"locale"?,"state","created_at","last_success"?}`, and once
/// a webhook's `secret`.
struct DeviceView: Sendable {
    enum State: String, Sendable, CaseIterable {
        case active
        /// So many attempts have failed since something reached it last (`mostFailures`).
        case failing
        /// Its provider says that it is not there any more.
        case gone
    }

    /// Attempts one after the other.
    static let mostFailures: Int64 = 5

    static let columns: SQL = """
        d.id, d.kind, d.name, d.locale, d.failures, (extract(epoch FROM d.last_success) * 1000)::bigint AS last_success,
        d.gone_at IS NOT NULL AS is_gone
        """

    let id: ID
    let kind: String
    let name: String?
    let locale: String?
    let state: State
    /// Milliseconds since 1970.
    let lastSuccess: Int64?
    var secret: String?

    init(_ row: PgRow) throws(PgError) {
        id = try row.id("id")
        kind = try row.text("kind")
        name = try row.optionalText("name")
        locale = try row.optionalText("locale")
        let isFailing = try row.integer("failures") >= Self.mostFailures
        state = try row.bool("is_gone") ? .gone : isFailing ? .failing : .active
        lastSuccess = try row.optionalInteger("last_success")
    }

    private init(example id: ID, _ state: State = .active, secret: String?) {
        (self.id, kind, name, locale, self.state) = (id, "webhook", "Ada's server", "en-GB", state)
        (lastSuccess, self.secret) = (id.milliseconds + 60_000, secret)
    }

    private static let exampleSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwmfKQ9r8GKYq="

    private static func example(secret: String? = nil) -> DeviceView {
        DeviceView(example: ID(Component.id.example.string!)!, secret: secret)
    }

    static let failingExample = DeviceView(example: ID(Component.id.example.string!)!, .failing, secret: nil)

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"id\":\"")
        writer.append(decimal: id.raw)
        writer.append(ascii: "\"")
        writer.append(key: "kind", of: kind)
        writer.append(key: "name", of: name)
        writer.append(key: "locale", of: locale)
        writer.append(key: "state", of: state.rawValue)
        writer.append(key: "created_at", time: id.milliseconds)
        writer.append(key: "last_success", time: lastSuccess)
        writer.append(key: "secret", of: secret)
        writer.append(ascii: "}")
    }

    var json: [UInt8] {
        var writer = ByteWriter(capacity: 512)
        append(to: &writer)
        return writer.bytes
    }

    private static let secretText = "`whsec_` and 32 bytes in Base64, with which what it is sent is signed."

    static let component = Component(
        "Device",
        .object([
            .always("id", Component.id.reference),
            .always("kind", .word(of: PushProvider.allCases.map(\.rawValue))),
            .sometimes("name", .string(length: 1...60)), .sometimes("locale", .string(), "BCP 47."),
            .always(
                "state", .word(of: State.allCases.map(\.rawValue)),
                "`failing`: the last \(mostFailures) attempts or more have failed. `gone`: its provider does not know it any more, "
                    + "and nothing is sent to it until it is registered again."),
            .always("created_at", Component.time.reference),
            .sometimes("last_success", Component.time.reference, "When something reached it last, to the minute."),
            .sometimes("secret", .string(), "Of a webhook, when it is made, and never again: " + secretText),
        ]), writing: example(secret: exampleSecret).append)

    static let list = Component(
        "DeviceList", .list(of: component),
        example: ["items": [.written(example().append)], "next": Component.cursor.example])

    static let secret = Component(
        "WebhookSecret", .object([.always("secret", .string(), secretText)]),
        example: ["secret": .string(exampleSecret)])
}
