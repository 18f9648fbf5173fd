public import Core
import Crypto
import Push

/// A push service and its browsers (RFC 8030, 8291, 8292): as strict as any of the real ones, and it can read what it
/// gets. Refusals are Mozilla's.
public struct WebPushReceiver: Sendable {
    public static let most = 10_000
    private static let longestLife = 2_592_000
    static let path = "/push/"

    private struct Browser {
        let key: P256Key
        let auth: [UInt8]
        let sender: P256PublicKey
    }

    /// What a page sends to its server, as `PushSubscription` has it.
    public struct Subscription: Sendable {
        public let name: String
        public let endpoint: String
        public let p256dh: String
        public let auth: String
    }

    private let origin: Origin
    private var browsers: [String: Browser] = [:]

    /// - Parameter origin: its own, for which tokens must be.
    public init(origin: Origin) { self.origin = origin }

    /// A browser subscribes.
    /// - Parameter key: who may send, in Base64url (`applicationServerKey`).
    /// - Returns: `nil` for what is no key, and where there are too many.
    public mutating func subscribe(for key: String) -> Subscription? {
        guard browsers.count < Self.most, let sender = Base64URL.decode(key).flatMap({ P256PublicKey($0) }) else {
            return nil
        }
        let browser = Browser(key: P256Key(), auth: Crypto.randomBytes(16), sender: sender)
        let name = Base64URL.encode(Crypto.randomBytes(16))
        browsers[name] = browser
        return Subscription(
            name: name, endpoint: "\(origin)\(Self.path)\(name)",
            p256dh: Base64URL.encode(browser.key.publicKey.bytes), auth: Base64URL.encode(browser.auth))
    }

    /// It is gone for good.
    public mutating func unsubscribe(_ name: String) { browsers[name] = nil }

    /// - Parameter now: milliseconds since 1970.
    public func receive(_ request: SinkRequest, now: Int64) -> SinkReply {
        guard request.method == PushRequest.method else { return refuse(405, 999, "Method Not Allowed") }
        let name = String(request.path.dropFirst(Self.path.count))
        guard request.path.hasPrefix(Self.path), let browser = browsers[name] else {
            return refuse(410, 106, "Gone")
        }
        if let refusal = refusal(of: request, to: browser, now: now) { return refusal }
        guard let payload = WebPushEncryption.decrypt(request.body, by: browser.key, auth: browser.auth) else {
            return refuse(400, 110, "It does not open")
        }
        let location = PushHeader("location", "\(origin)/message/\(Base64URL.encode(Crypto.randomBytes(12)))")
        return SinkReply(
            PushResponse(status: 201, headers: [location, PushHeader("ttl", request.header("ttl")!)]),
            SinkReply.Delivery(device: name, id: request.header("topic"), payload: payload))
    }

    private func refusal(of request: SinkRequest, to browser: Browser, now: Int64) -> SinkReply? {
        guard let header = request.header("authorization") else { return refuse(401, 109, "Missing Authorization") }
        let sender: VAPIDAuthorization
        do throws(VAPIDAuthorization.Failure) {
            sender = try VAPIDAuthorization(header)
            try sender.check(audience: origin.description, now: now / 1000)
        } catch {
            return refuse(401, 109, "Authorization: \(error.rawValue)")
        }
        guard sender.key == browser.sender else { return refuse(403, 109, "Another key than the subscription's") }
        for name in ["authorization", "content-encoding", "ttl"] where request.count(name) > 1 {
            return refuse(400, 111, "Two of \(name)")
        }
        guard let ttl = request.header("ttl") else { return refuse(400, 111, "Missing TTL") }
        guard let seconds = Int(ttl), String(seconds) == ttl, (0...Self.longestLife).contains(seconds) else {
            return refuse(400, 112, "Bad TTL")
        }
        if let topic = request.header("topic") {
            guard (1...32).contains(topic.utf8.count), Base64URL.decode(topic) != nil else {
                return refuse(400, 113, "Bad Topic")
            }
        }
        if let urgency = request.header("urgency"), WebPushMessage.Urgency(rawValue: urgency) == nil {
            return refuse(400, 111, "Bad Urgency")
        }
        guard request.header("content-encoding") == "aes128gcm" else { return refuse(400, 110, "Bad Content-Encoding") }
        guard request.body.count <= WebPushEncryption.longestBody else { return refuse(413, 104, "Too large") }
        // A key that signs must not agree on secrets, too (RFC 8292, section 2.1).
        if request.body.count >= 86, Array(request.body[21..<86]) == sender.key.bytes {
            return refuse(400, 110, "The message's key is the sender's")
        }
        return nil
    }

    private func refuse(_ status: Int, _ number: Int64, _ message: String) -> SinkReply {
        SinkReply(status, ["code": .integer(Int64(status)), "errno": .integer(number), "message": .string(message)])
    }
}
