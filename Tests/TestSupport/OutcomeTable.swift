import Core
public import Push

/// A response of a provider, and what it must mean.
public struct OutcomeRow: Sendable, CustomStringConvertible {
    public static let now: Int64 = 1_800_000_000_000

    public let provider: PushProvider
    public let status: Int
    public var headers: [PushHeader] = []
    public var body = ""
    public let outcome: PushOutcome
    public let scope: PushVerdict.Scope
    public var reason: String?

    public var description: String { "\(provider) \(status) \(body.prefix(120)) \(headers.map(\.value))" }

    static func headers(_ retryAfter: String?) -> [PushHeader] {
        retryAfter.map { [PushHeader("Retry-After", $0)] } ?? []
    }

    public var verdict: PushVerdict {
        provider.verdict(
            of: PushResponse(status: status, headers: headers, body: Array(body.utf8)), now: Self.now)
    }
}

public enum OutcomeTable {
    public static let all: [OutcomeRow] = webPush + apns + fcm + webhook

    private static let dead = PushOutcome.deviceGone(since: nil)
    private static let bad = PushOutcome.messageRefused(attempts: 1)
    private static let credential = PushOutcome.credentialRefused(renews: false)
    private static let theirs = PushOutcome.deviceRefused
    private static let later = PushOutcome.temporary(wait: nil)

    // MARK: Web Push

    private static func web(
        _ status: Int, _ outcome: PushOutcome, _ scope: PushVerdict.Scope = .device, _ body: String = "",
        after: String? = nil, reason: String? = nil
    ) -> OutcomeRow {
        OutcomeRow(
            provider: .webPush, status: status, headers: OutcomeRow.headers(after), body: body, outcome: outcome,
            scope: scope,
            reason: reason)
    }

    static let webPush: [OutcomeRow] =
        [200, 201, 202, 204].map { web($0, .delivered) }
        + [400, 405, 411, 413, 414, 415, 422, 431].map { web($0, bad) }
        + [401, 403].map { web($0, theirs, .host) }
        + [300, 301, 302, 303, 307, 308, 408, 500, 501, 502, 503, 504, 507, 599, 0].map { web($0, later, .host) }
        + [404, 410].map { web($0, dead) }
        + [
            web(410, dead, .device, #"{"code":410,"errno":106,"error":"Gone"}"#, reason: "errno_106"),
            web(400, bad, .device, #"{"code":400,"errno":110}"#, reason: "errno_110"),
            web(413, bad, .device, #"{"code":413,"errno":104}"#, reason: "errno_104"),
            web(401, theirs, .host, #"{"code":401,"errno":109}"#, reason: "errno_109"),
            web(403, theirs, .host, #"{"reason":"VapidPkHashMismatch"}"#, reason: "VapidPkHashMismatch"),
            web(403, theirs, .host, #"{"reason":"BadJwtToken"}"#, reason: "BadJwtToken"),
            web(503, later, .host, #"{"code":503,"errno":201}"#, reason: "errno_201"),
            web(503, .temporary(wait: 0), .host, #"{"code":503,"errno":202}"#, reason: "errno_202"),
            web(503, .temporary(wait: 9000), .host, #"{"errno":202}"#, after: "9", reason: "errno_202"),
            web(503, .temporary(wait: 120_000), .host, after: "120"),
            web(503, .temporary(wait: 60_000), .host, after: "Fri, 15 Jan 2027 08:01:00 GMT"),
            web(503, later, .host, after: "soon"),
            web(429, .throttled(wait: 60_000), .host), web(429, .throttled(wait: 5000), .host, after: "5"),
            web(429, .throttled(wait: 1000), .host, after: "0"),
            web(429, .throttled(wait: 2_419_200_000), .host, after: "99999999999"),
            web(406, .throttled(wait: 60_000), .host), web(406, .throttled(wait: 5000), .host, after: "5"),
            web(410, dead, .device, "<html>"),
        ]

    // MARK: APNs

    private static func apple(
        _ status: Int, _ reason: String?, _ outcome: PushOutcome, _ scope: PushVerdict.Scope = .device,
        timestamp: Int64? = nil, after: String? = nil
    ) -> OutcomeRow {
        var object = JSONObject(reason.map { [("reason", .string($0))] } ?? [])
        if let timestamp { object.set("timestamp", .integer(timestamp)) }
        return OutcomeRow(
            provider: .apns, status: status, headers: OutcomeRow.headers(after),
            body: reason == nil && timestamp == nil ? "" : JSONValue.object(object).text, outcome: outcome,
            scope: scope,
            reason: reason)
    }

    /// Apple's own list of reasons, and each status without one.
    static let apns: [OutcomeRow] =
        [200].map { apple($0, nil, .delivered) }
        + [
            "BadCollapseId", "BadExpirationDate", "BadMessageId", "BadPriority", "DuplicateHeaders",
            "InvalidPushType", "MissingDeviceToken", "MissingTopic", "PayloadEmpty", "SomethingNew",
        ].map { apple(400, $0, bad) }
        + ["BadTopic", "DeviceTokenNotForTopic", "TopicDisallowed"].map { apple(400, $0, theirs, .host) }
        + [
            "BadCertificate", "BadCertificateEnvironment", "Forbidden", "BadEnvironmentKeyIdInToken",
            "BadEnvironmentKeyInToken", "TopicDisallowed", "SomethingNew",
        ].map { apple(403, $0, theirs, .host) }
        + ["InvalidProviderToken", "MissingProviderToken", "UnrelatedKeyIdInToken"]
        .map { apple(403, $0, credential, .credential) }
        + [401, 403].map { apple($0, nil, theirs, .host) }
        + [400, 404, 405, 406, 413, 422].map { apple($0, nil, bad) }
        + [300, 301, 408, 500, 501, 502, 503, 504, 0].map { apple($0, nil, later, .host) }
        + [
            apple(400, "BadDeviceToken", dead), apple(401, "MissingProviderToken", credential, .credential),
            apple(403, "ExpiredProviderToken", .credentialRefused(renews: true), .credential),
            apple(404, "BadPath", bad), apple(405, "MethodNotAllowed", bad), apple(413, "PayloadTooLarge", bad),
            apple(400, "IdleTimeout", later, .host), apple(500, "InternalServerError", later, .host),
            apple(503, "ServiceUnavailable", later, .host), apple(503, "Shutdown", later, .host),
            apple(503, "ServiceUnavailable", .temporary(wait: 30_000), .host, after: "30"),
            apple(410, "Unregistered", .deviceGone(since: 1_700_000_000_000), timestamp: 1_700_000_000_000),
            apple(410, "ExpiredToken", .deviceGone(since: 1_700_000_000_000), timestamp: 1_700_000_000_000),
            apple(410, "Unregistered", dead), apple(410, nil, dead),
            apple(429, "TooManyRequests", .throttled(wait: 60_000)), apple(429, nil, .throttled(wait: 60_000)),
            apple(429, "TooManyRequests", .throttled(wait: 7000), after: "7"),
            apple(429, "TooManyProviderTokenUpdates", .throttled(wait: 1_200_000), .credential),
            apple(429, "TooManyProviderTokenUpdates", .throttled(wait: 1_200_000), .credential, after: "7"),
            apple(429, "TooManyProviderTokenUpdates", .throttled(wait: 3_600_000), .credential, after: "3600"),
            // A word of another status takes no device away.
            apple(500, "BadDeviceToken", later, .host), apple(403, "BadDeviceToken", theirs, .host),
        ]

    // MARK: FCM

    private static func google(
        _ status: Int, _ outcome: PushOutcome, _ scope: PushVerdict.Scope = .device, status name: String? = nil,
        code: String? = nil, details: [JSONValue] = [], body: String? = nil, after: String? = nil
    ) -> OutcomeRow {
        var error = JSONObject([("code", .integer(Int64(status)))])
        if let name { error.set("status", .string(name)) }
        let type = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
        let named: [JSONValue] = code.map { [["@type": .string(type), "errorCode": .string($0)]] } ?? []
        if !(named + details).isEmpty { error.set("details", .array(named + details)) }
        return OutcomeRow(
            provider: .fcm, status: status, headers: OutcomeRow.headers(after),
            body: body ?? JSONValue.object(JSONObject([("error", .object(error))])).text, outcome: outcome,
            scope: scope,
            reason: body == nil ? code ?? name : nil)
    }

    private static func violation(_ field: String) -> JSONValue {
        [
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [["field": .string(field), "description": "x"]],
        ]
    }

    private static func quota(_ description: String) -> JSONValue {
        [
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [["subject": "project:1", "description": .string(description)]],
        ]
    }

    static let fcm: [OutcomeRow] =
        [
            google(200, .delivered, body: #"{"name":"projects/foo/messages/1"}"#),
            google(
                400, dead, status: "INVALID_ARGUMENT", code: "INVALID_ARGUMENT", details: [violation("message.token")]),
            google(400, bad, status: "INVALID_ARGUMENT", code: "INVALID_ARGUMENT", details: [violation("message")]),
            google(400, bad, status: "INVALID_ARGUMENT", details: [violation("message.android.ttl")]),
            google(400, bad, status: "INVALID_ARGUMENT"), google(400, bad, body: ""),
            google(404, dead, status: "NOT_FOUND", code: "UNREGISTERED"),
            google(404, credential, .credential, status: "NOT_FOUND"),
            google(404, credential, .credential, body: "<html>"),
            google(403, dead, status: "PERMISSION_DENIED", code: "SENDER_ID_MISMATCH"),
            google(403, credential, .credential, status: "PERMISSION_DENIED"),
            google(401, .credentialRefused(renews: true), .credential, status: "UNAUTHENTICATED"),
            google(401, theirs, .host, status: "UNAUTHENTICATED", code: "THIRD_PARTY_AUTH_ERROR"),
            google(429, .throttled(wait: 60_000), .credential, status: "RESOURCE_EXHAUSTED", code: "QUOTA_EXCEEDED"),
            google(
                429, .throttled(wait: 60_000), .device, status: "RESOURCE_EXHAUSTED", code: "QUOTA_EXCEEDED",
                details: [quota("Device message rate exceeded")]),
            google(
                429, .throttled(wait: 60_000), .credential, status: "RESOURCE_EXHAUSTED", code: "QUOTA_EXCEEDED",
                details: [quota("Message rate exceeded")]),
            google(429, .throttled(wait: 90_000), .credential, status: "RESOURCE_EXHAUSTED", after: "90"),
            google(500, later, .host, status: "INTERNAL", code: "INTERNAL"),
            google(502, later, .host, body: "<!DOCTYPE html><title>Error 502</title>"),
            google(503, later, .host, status: "UNAVAILABLE", code: "UNAVAILABLE"),
            google(503, .temporary(wait: 30_000), .host, status: "UNAVAILABLE", after: "30"),
            // The word of one error under the status of another.
            google(500, later, .host, code: "UNREGISTERED"), google(400, bad, code: "UNREGISTERED"),
        ] + [405, 409, 411, 413].map { google($0, bad, body: "") }
        + [0, 301, 302, 408, 501, 504].map { google($0, later, .host, body: "") }

    // MARK: Webhooks

    private static func hook(_ status: Int, _ outcome: PushOutcome, after: String? = nil) -> OutcomeRow {
        OutcomeRow(
            provider: .webhook, status: status, headers: OutcomeRow.headers(after), body: "{}", outcome: outcome,
            scope: .device)
    }

    static let webhook: [OutcomeRow] =
        [200, 201, 202, 204, 299].map { hook($0, .delivered) }
        + [400, 413, 415, 422].map { hook($0, .messageRefused(attempts: 3)) }
        + [401, 403].map { hook($0, theirs) } + [429, 502, 504].map { hook($0, .throttled(wait: 60_000)) }
        + [0, 100, 300, 301, 302, 303, 304, 307, 308, 402, 404, 405, 406, 408, 409, 418, 451, 500, 501, 503, 505, 599]
        .map {
            hook($0, later)
        }
        + [
            hook(410, dead), hook(410, dead, after: "5"), hook(429, .throttled(wait: 3_600_000), after: "3600"),
            hook(504, .throttled(wait: 2500), after: "2.5"), hook(503, .temporary(wait: 5000), after: "5"),
            hook(429, .throttled(wait: 1000), after: "Mon, 01 Jan 2001 00:00:00 GMT"),
        ]
}
