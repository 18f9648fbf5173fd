public import Core
import Crypto

/// A message to a browser, and how the push service should treat it (RFC 8030).
public struct WebPushMessage: Sendable, Concealed {
    /// How much battery it is worth.
    public enum Urgency: String, Sendable, CaseIterable {
        case veryLow = "very-low"
        case low, normal, high
    }

    /// Seconds. Services keep messages for four weeks, some for 30 days.
    public static let longestLife = 28 * 86_400
    static let longestTopic = 32

    let payload: [UInt8]
    let timeToLive: Int
    let urgency: Urgency
    let topic: String?

    /// - Parameters:
    ///   - payload: at most 3,993 bytes, which the page's service worker gets as they are.
    ///   - timeToLive: seconds that the service should keep it; 0: only who is there gets it.
    ///   - topic: a message takes the place of one of the same topic that waits; any text.
    public init(payload: [UInt8], timeToLive: Int, urgency: Urgency = .normal, topic: String? = nil) throws(InvalidPush)
    {
        guard payload.count <= WebPushEncryption.longest else {
            throw InvalidPush(
                "payload", "must have at most \(WebPushEncryption.longest) bytes, and has \(payload.count)")
        }
        guard (0...Self.longestLife).contains(timeToLive) else {
            throw InvalidPush("ttl", "must be 0 to \(Self.longestLife) seconds")
        }
        (self.payload, self.timeToLive, self.urgency) = (payload, timeToLive, urgency)
        self.topic = topic.map { Self.topic(of: $0) }
    }

    /// - Parameter authorization: of `VAPIDTokens`, for the subscription's audience.
    public func request(to subscription: WebPushSubscription, authorization: String) -> PushRequest {
        var headers = [
            PushHeader("authorization", authorization), PushHeader("content-encoding", "aes128gcm"),
            PushHeader("content-type", "application/octet-stream"), PushHeader("ttl", String(timeToLive)),
            PushHeader("urgency", urgency.rawValue),
        ]
        if let topic { headers.append(PushHeader("topic", topic)) }
        // Windows refuses a TTL that is against this one (400, "Ttl value conflicts with X-WNS-Cache-Policy").
        if subscription.isWindows {
            headers.append(PushHeader("x-wns-cache-policy", timeToLive == 0 ? "no-cache" : "cache"))
        }
        return PushRequest(
            url: subscription.endpoint, headers: headers, body: WebPushEncryption.encrypt(payload, for: subscription))
    }

    /// Services take 32 characters of Base64url, and should not read what it is about.
    private static func topic(of text: String) -> String {
        Base64URL.encode(Crypto.sha256(Array(text.utf8)).prefix(longestTopic / 4 * 3))
    }
}
