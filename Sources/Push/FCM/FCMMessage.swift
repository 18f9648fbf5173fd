public import Core

/// A notification for a device that Firebase knows (FCM HTTP v1).
public struct FCMMessage: Sendable, Concealed {
    /// Bytes of a request's body. FCM allows as many to what it hands to the application, which is a part of it.
    public static let longestBody = 4096
    /// Seconds: four weeks.
    public static let longestLife = 28 * 86_400
    public static let host = "https://fcm.googleapis.com"

    public enum Priority: String, Sendable, CaseIterable {
        case high = "HIGH"
        case normal = "NORMAL"
    }

    /// What the system shows by itself, without waking the application.
    public struct Notice: Sendable, Equatable, Concealed {
        public let title: String
        public let body: String

        public init(title: String, body: String) { (self.title, self.body) = (title, body) }
    }

    /// Of a message but for the token.
    private let members: [(String, JSONValue)]

    /// - Parameters:
    ///   - data: for the application. Names that Google keeps for itself are refused.
    ///   - timeToLive: seconds that Google should keep it; 0: only who is there gets it.
    ///   - collapseKey: a message takes the place of one of the same that waits. Google keeps four for a device.
    /// - Throws: of the field `data`, `ttl` or `collapse_key`.
    public init(
        notice: Notice? = nil, data: [(String, String)] = [], priority: Priority = .high, timeToLive: Int,
        collapseKey: String? = nil
    ) throws(InvalidPush) {
        guard (0...Self.longestLife).contains(timeToLive) else {
            throw InvalidPush("ttl", "must be 0 to \(Self.longestLife) seconds")
        }
        var android = JSONObject([("priority", .string(priority.rawValue)), ("ttl", .string("\(timeToLive)s"))])
        if let collapseKey {
            guard Checks.isHeaderText(collapseKey, 1...64) else {
                throw InvalidPush("collapse_key", "must be 1 to 64 bytes of printable ASCII")
            }
            android.set("collapse_key", .string(collapseKey))
        }
        var members: [(String, JSONValue)] = [("android", .object(android))]
        if let notice {
            members.append(("notification", ["title": .string(notice.title), "body": .string(notice.body)]))
        }
        if !data.isEmpty { members.append(("data", .object(try Self.data(data)))) }
        self.members = members
    }

    /// - Parameters:
    ///   - access: a token of `FCMAccess`.
    ///   - host: Google's, or that of a test.
    /// - Throws: of the field `payload`: it is too long for FCM.
    public func request(
        to device: FCMDevice, of account: ServiceAccount, access: String, host: String = Self.host
    ) throws(InvalidPush) -> PushRequest {
        let message = JSONValue.object(JSONObject([("token", .string(device.token))] + members))
        let body = Array((["message": message] as JSONValue).text.utf8)
        guard body.count <= Self.longestBody else {
            throw InvalidPush(
                "payload",
                "must have at most \(Self.longestBody) bytes with all that goes with it, and has \(body.count)")
        }
        return PushRequest(
            url: "\(host)/v1/projects/\(account.projectID)/messages:send",
            headers: [PushHeader("authorization", "Bearer " + access), PushHeader("content-type", "application/json")],
            body: body)
    }

    private static func data(_ pairs: [(String, String)]) throws(InvalidPush) -> JSONObject {
        var object = JSONObject()
        for (key, value) in pairs {
            let isTaken =
                ["from", "message_type", "collapse_key"].contains(key) || key.hasPrefix("google")
                || key.hasPrefix("gcm")
            guard Checks.isName(key, 1...64, and: "-_."), !isTaken else {
                throw InvalidPush(
                    "data",
                    "must have names of letters, digits, hyphens, underscores and periods, none that is Google's")
            }
            guard object[key] == nil else { throw InvalidPush("data", "must not have \(key) twice") }
            object.set(key, .string(value))
        }
        return object
    }
}
