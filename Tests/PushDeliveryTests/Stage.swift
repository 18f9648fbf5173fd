import Core
import Crypto
import Glibc
import HTTPClient
import Push
import PushDelivery
import Runtime
import SinkServer
import Synchronization
import Testing

/// A sink on a port, and what its senders need of it.
final class Stage: Sendable {
    let loop = EventLoop(name: "sink")
    let about: JSONObject
    let folder: String
    private let server: LoopBound<SinkServer>

    private struct Started: Sendable {
        let server: LoopBound<SinkServer>
        let about: JSONValue
    }

    init() async throws {
        // As `martlet` does: a peer that has gone is told by the write's error.
        signal(SIGPIPE, SIG_IGN)
        let folder = "/tmp/martlet-sink-" + Base64URL.encode(Crypto.randomBytes(9))
        self.folder = folder
        let loop = loop
        let started = try await loop.run {
            let server = try SinkServer(on: loop, SinkServerOptions(folder: folder)) { _ in }
            return Started(server: LoopBound.holding(server, on: loop), about: server.about)
        }
        server = started.server
        about = started.about.object!
    }

    deinit {
        for name in ["ca.pem", "apns.p8", "service-account.json"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
        let server = server
        server.run { $0.close() }
    }

    func text(_ path: String...) -> String {
        var value: JSONValue? = .object(about)
        for name in path { value = value?.object?[name] }
        return value?.string ?? ""
    }

    var address: String { text("address") }
    var host: Origin { Origin(address)! }

    func file(_ name: String) throws -> [UInt8] {
        guard let file = fopen("\(folder)/\(name)", "r") else { throw SettingError("no \(name)") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }

    // MARK: Control

    @discardableResult
    func ask(_ method: String, _ path: String, _ body: JSONValue? = nil) throws -> JSONObject {
        let reply = try HTTPClient().request(
            method, text("plain") + "/sink" + path, body: body.map { Array($0.text.utf8) })
        #expect((200..<300).contains(reply.status), "\(String(decoding: reply.body, as: UTF8.self))")
        return reply.body.isEmpty ? JSONObject() : try JSONValue.parse(reply.body).object ?? JSONObject()
    }

    func play(_ provider: PushProvider, _ steps: JSONValue) throws {
        try ask("PUT", "/faults/\(provider.rawValue)", ["steps": steps])
    }

    /// Requests that came, but for those of tokens, since the last call.
    func received() throws -> [JSONObject] {
        let list = try ask("GET", "/received")["received"]?.array ?? []
        try ask("DELETE", "/received")
        return list.compactMap(\.object).filter { $0["path"]?.string != "/token" }
    }

    // MARK: Senders

    func options(_ change: (inout PushSenderOptions) -> Void = { _ in }) -> PushSenderOptions {
        var options = PushSenderOptions()
        options.authorities = text("authority")
        options.exempt = [IPRange("127.0.0.0/8")!, IPRange("::1")!]
        change(&options)
        return options
    }

    func webhook(_ name: String) throws -> (endpoint: WebhookEndpoint, signer: WebhookSigner) {
        let made = try ask("POST", "/devices/webhook", ["name": .string(name)])
        return (
            try WebhookEndpoint(made["url"]?.string ?? "", allowsLoopback: true),
            WebhookSigner(try WebhookSecret(made["secret"]?.string ?? ""))
        )
    }

    func subscription() throws -> WebPushSubscription {
        let made = try ask("POST", "/devices/webpush", ["key": .string(text("webpush", "public_key"))])
        return try WebPushSubscription(
            endpoint: made["endpoint"]?.string ?? "", p256dh: made["p256dh"]?.string ?? "",
            auth: made["auth"]?.string ?? "", allowsLoopback: true)
    }

    func vapid() throws -> VAPIDKey {
        try VAPIDKey(text("webpush", "private_key"), contact: "mailto:ops@example.com")
    }

    func apnsKey() throws -> APNsKey {
        try APNsKey(
            p8: String(decoding: try file("apns.p8"), as: UTF8.self), keyID: text("apns", "key_id"),
            teamID: text("apns", "team_id"))
    }

    func serviceAccount() throws -> ServiceAccount {
        try ServiceAccount(try file("service-account.json"), allowsLoopback: true)
    }
}

/// Stops a sender at the end of a test.
func withSender<T>(
    _ options: PushSenderOptions, clock: any WallClock & MonotonicClock = SystemClock(),
    _ body: (PushSender) async throws -> T
) async throws -> T {
    let sender = PushSender(options, clock: clock)
    do {
        let value = try await body(sender)
        sender.stop()
        return value
    } catch {
        sender.stop()
        throw error
    }
}

extension PushResult {
    var verdict: PushVerdict? {
        if case .attempted(let verdict) = self { verdict } else { nil }
    }

    var outcome: PushOutcome? { verdict?.outcome }
}

func webhookMessage(_ id: String = "m1") -> WebhookMessage {
    try! WebhookMessage(id: id, payload: Array(#"{"hello":"world"}"#.utf8))
}
