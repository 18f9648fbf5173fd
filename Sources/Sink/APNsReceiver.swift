import Core
public import Crypto
import Push

/// Apple's push service for one team, with its reasons.
public struct APNsReceiver: Sendable {
    public static let most = 10_000
    private static let path = "/3/device/"
    /// Seconds.
    private static let tokenLife: Int64 = 3600
    private static let tokenPause: Int64 = 1200
    private static let skew: Int64 = 60

    /// What may send.
    public struct Team: Sendable {
        public let teamID: String
        public let keyID: String
        public let key: P256PublicKey
        public let topics: [String]

        public init(teamID: String, keyID: String, key: P256PublicKey, topics: [String]) {
            (self.teamID, self.keyID, self.key, self.topics) = (teamID, keyID, key, topics)
        }
    }

    private let team: Team
    /// By their tokens; since when they are gone, milliseconds since 1970.
    private var devices: [String: Int64?] = [:]
    /// The last token that was seen, and since when: seconds since 1970.
    private var token: (text: String, since: Int64)?

    public init(_ team: Team) { self.team = team }

    /// - Returns: false where there are too many.
    public mutating func register(_ token: String) -> Bool {
        guard devices.count < Self.most || devices[token] != nil else { return false }
        devices[token] = .some(nil)
        return true
    }

    /// The application was removed.
    /// - Parameter now: milliseconds since 1970.
    public mutating func unregister(_ token: String, now: Int64) {
        if devices[token] != nil { devices[token] = .some(now) }
    }

    /// - Parameter now: milliseconds since 1970.
    public mutating func receive(_ request: SinkRequest, now: Int64) -> SinkReply {
        guard request.path.hasPrefix(Self.path) else { return refuse(404, "BadPath") }
        guard request.method == PushRequest.method else { return refuse(405, "MethodNotAllowed") }
        if let refusal = senderRefusal(request, now / 1000) ?? headerRefusal(request) { return refusal }
        if let refusal = payloadRefusal(request) { return refusal }
        let device = String(request.path.dropFirst(Self.path.count))
        guard let gone = devices[device] else { return refuse(400, "BadDeviceToken") }
        if let gone {
            return SinkReply(410, ["reason": "Unregistered", "timestamp": .integer(gone)])
        }
        let id = request.header("apns-id")
        return SinkReply(
            PushResponse(status: 200, headers: [PushHeader("apns-id", id ?? uuidV7(clock: SystemClock()))]),
            SinkReply.Delivery(device: device, id: id, payload: request.body))
    }

    private mutating func senderRefusal(_ request: SinkRequest, _ now: Int64) -> SinkReply? {
        guard let header = request.header("authorization"), header.hasPrefix("bearer ") else {
            return refuse(403, "MissingProviderToken")
        }
        let text = String(header.dropFirst("bearer ".count))
        guard let read = SignedToken(text, longest: 4096), read.head["alg"] == "ES256",
            read.head["kid"]?.string?.isExactly(team.keyID) == true, read.isSigned(by: VerifyingKey(team.key)),
            let claims = read.claims, claims["iss"]?.string?.isExactly(team.teamID) == true,
            let madeAt = claims["iat"]?.integer, madeAt <= now + Self.skew
        else { return refuse(403, "InvalidProviderToken") }
        guard madeAt > now - Self.tokenLife else { return refuse(403, "ExpiredProviderToken") }
        if let token, !token.text.isExactly(text) {
            guard now - token.since >= Self.tokenPause else { return refuse(429, "TooManyProviderTokenUpdates") }
            self.token = (text, now)
        } else if token == nil {
            token = (text, now)
        }
        return nil
    }

    private func headerRefusal(_ request: SinkRequest) -> SinkReply? {
        let names = ["authorization", "apns-topic", "apns-push-type", "apns-id", "apns-priority", "apns-expiration"]
        guard names.allSatisfy({ request.count($0) < 2 }) else { return refuse(400, "DuplicateHeaders") }
        guard let topic = request.header("apns-topic") else { return refuse(400, "MissingTopic") }
        guard team.topics.containsExactly(topic) else { return refuse(400, "TopicDisallowed") }
        guard let kind = request.header("apns-push-type").flatMap({ APNsMessage.Kind(rawValue: $0) }) else {
            return refuse(400, "InvalidPushType")
        }
        let priority = request.header("apns-priority") ?? "10"
        guard let number = Int(priority), APNsMessage.Priority(rawValue: number) != nil,
            kind == .alert || number != APNsMessage.Priority.atOnce.rawValue
        else { return refuse(400, "BadPriority") }
        if let expires = request.header("apns-expiration"), UInt64(expires) == nil {
            return refuse(400, "BadExpirationDate")
        }
        if let id = request.header("apns-id"), !APNsMessage.isID(id) { return refuse(400, "BadMessageId") }
        if let id = request.header("apns-collapse-id"), !(1...64).contains(id.utf8.count) {
            return refuse(400, "BadCollapseId")
        }
        return nil
    }

    private func payloadRefusal(_ request: SinkRequest) -> SinkReply? {
        guard !request.body.isEmpty else { return refuse(400, "PayloadEmpty") }
        guard request.body.count <= APNsMessage.longestPayload else { return refuse(413, "PayloadTooLarge") }
        let object = try? JSONValue.parse(request.body).object
        return object?["aps"]?.object == nil ? refuse(400, "PayloadEmpty") : nil
    }

    private func refuse(_ status: Int, _ reason: String) -> SinkReply {
        SinkReply(status, ["reason": .string(reason)])
    }
}
