public import Core
public import Crypto
import Push

/// Google's token endpoint and Firebase's messaging for one project, with their errors.
public struct FCMReceiver: Sendable {
    public static let most = 10_000
    public static let tokenPath = "/token"
    private static let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    private static let scope = "https://www.googleapis.com/auth/firebase.messaging"
    /// Seconds.
    private static let tokenLife: Int64 = 3600
    private static let skew: Int64 = 60
    private static let mostTokens = 100
    private static let fields = ["token", "data", "notification", "android", "webpush", "apns", "fcm_options"]

    /// Who may send.
    public struct Project: Sendable {
        public let id: String
        public let email: String
        public let key: VerifyingKey

        public init(id: String, email: String, key: VerifyingKey) { (self.id, self.email, self.key) = (id, email, key) }
    }

    private let project: Project
    private let origin: Origin
    private var devices: Set<ExactText> = []
    /// With their ends, seconds since 1970.
    private var tokens: [(text: String, ends: Int64)] = []

    /// - Parameter origin: its own: assertions must be for `tokenPath` there.
    public init(_ project: Project, origin: Origin) { (self.project, self.origin) = (project, origin) }

    /// - Returns: false where there are too many.
    public mutating func register(_ token: String) -> Bool {
        guard devices.count < Self.most else { return false }
        devices.insert(ExactText(token))
        return true
    }

    public mutating func unregister(_ token: String) { devices.remove(ExactText(token)) }

    /// All access tokens end now.
    public mutating func revokeTokens() { tokens = [] }

    /// - Parameter now: milliseconds since 1970.
    public mutating func receive(_ request: SinkRequest, now: Int64) -> SinkReply {
        guard request.method == PushRequest.method else { return refuse(405, "METHOD_NOT_ALLOWED") }
        if request.path == Self.tokenPath { return grant(request, now / 1000) }
        let path = request.path.split(separator: "/", omittingEmptySubsequences: false)
        guard path.count == 5, path[1] == "v1", path[2] == "projects", path[4] == "messages:send" else {
            return refuse(404, "NOT_FOUND")
        }
        let token = request.header("authorization").flatMap { $0.hasPrefix("Bearer ") ? $0.dropFirst(7) : nil }
        guard let token, tokens.contains(where: { $0.text.isExactly(token) && now / 1000 < $0.ends }) else {
            return refuse(401, "UNAUTHENTICATED")
        }
        guard path[3].isExactly(project.id) else { return refuse(403, "PERMISSION_DENIED") }
        return send(request.body)
    }

    // MARK: Access tokens

    private mutating func grant(_ request: SinkRequest, _ now: Int64) -> SinkReply {
        func refuse(_ error: String) -> SinkReply { SinkReply(400, ["error": .string(error)]) }
        let pairs = String(decoding: request.body, as: UTF8.self).split(separator: "&").map {
            $0.split(separator: "=", maxSplits: 1).map(String.init)
        }
        guard pairs.count == 2, pairs.allSatisfy({ $0.count == 2 }),
            pairs[0] == ["grant_type", Self.grant.percentEscaped]
        else { return refuse("unsupported_grant_type") }
        guard pairs[1][0] == "assertion", let read = SignedToken(pairs[1][1], longest: 8192),
            read.head["alg"]?.string == project.key.algorithm.rawValue, read.isSigned(by: project.key),
            let claims = read.claims, isGood(claims, now)
        else { return refuse("invalid_grant") }
        let token = "ya29." + Base64URL.encode(Crypto.randomBytes(24))
        tokens = tokens.filter { now < $0.ends }.suffix(Self.mostTokens - 1) + [(token, now + Self.tokenLife)]
        return SinkReply(
            200,
            ["access_token": .string(token), "expires_in": .integer(Self.tokenLife - 1), "token_type": "Bearer"])
    }

    private func isGood(_ claims: JSONObject, _ now: Int64) -> Bool {
        guard let from = claims["iat"]?.integer, let ends = claims["exp"]?.integer else { return false }
        return claims["iss"]?.string?.isExactly(project.email) == true && claims["scope"]?.string == Self.scope
            && claims["aud"]?.string?.isExactly("\(origin)\(Self.tokenPath)") == true
            && from <= now + Self.skew && now < ends && ends - from <= Self.tokenLife
    }

    // MARK: Messages

    private func send(_ body: [UInt8]) -> SinkReply {
        guard let object = try? JSONValue.parse(body).object, let message = object["message"]?.object,
            object.firstKey(besides: ["message", "validate_only"]) == nil
        else { return refuse(400, "INVALID_ARGUMENT") }
        if let unknown = message.firstKey(besides: Self.fields) { return refuseField("message.\(unknown)") }
        guard let token = message["token"]?.string else { return refuseField("message") }
        guard body.count <= FCMMessage.longestBody else { return refuse(400, "INVALID_ARGUMENT") }
        if let data = message["data"] {
            guard let pairs = data.object, pairs.members.allSatisfy({ $1.string != nil }) else {
                return refuseField("message.data")
            }
        }
        if let ttl = message["android"]?.object?["ttl"] {
            guard let text = ttl.string, text.hasSuffix("s"), let seconds = Int(text.dropLast()),
                (0...FCMMessage.longestLife).contains(seconds)
            else { return refuseField("message.android.ttl") }
        }
        guard devices.contains(ExactText(token)) else { return refuse(404, "NOT_FOUND", code: "UNREGISTERED") }
        let name = "projects/\(project.id)/messages/\(Base64URL.encode(Crypto.randomBytes(12)))"
        return SinkReply(
            PushResponse(
                status: 200, headers: [PushHeader("content-type", "application/json")],
                body: Array((["name": .string(name)] as JSONValue).text.utf8)),
            SinkReply.Delivery(device: token, id: message["android"]?.object?["collapse_key"]?.string, payload: body))
    }

    private func refuseField(_ field: String) -> SinkReply {
        refuse(
            400, "INVALID_ARGUMENT", code: "INVALID_ARGUMENT",
            [
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [["field": .string(field), "description": "Invalid value"]],
            ])
    }

    private func refuse(_ status: Int, _ name: String, code: String? = nil, _ detail: JSONValue? = nil) -> SinkReply {
        var error = JSONObject([("code", .integer(Int64(status))), ("status", .string(name))])
        let type = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
        let details: [JSONValue] =
            (code.map { [["@type": .string(type), "errorCode": .string($0)]] } ?? []) + (detail.map { [$0] } ?? [])
        if !details.isEmpty { error.set("details", .array(details)) }
        return SinkReply(status, ["error": .object(error)])
    }
}
