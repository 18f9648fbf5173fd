import Core
import Crypto
import HTTPService
import Push

/// Where a device is, and its secrets: what is sealed of it.
struct DeviceContent: Sendable, Concealed {
    let kind: PushProvider
    /// By the names of the fields; of a webhook also its secrets.
    private(set) var members: [String: String]

    /// - Throws: `Problem` naming a field that is missing, or not the kind's.
    init(_ request: RequestContext, allowsLoopback: Bool) throws(Problem) {
        kind = request[DeviceFields.kind]
        members = [:]
        let own = Self.fields(of: kind)
        for field in DeviceFields.places {
            let name = field.declaration.name
            switch (request[field], own.contains(name)) {
            case (let text?, true): members[name] = text
            case (nil, true):
                throw Problem(.missingField, "a device of the kind \(kind.rawValue) has \(name)", field: name)
            case (_?, false): throw Self.foreign(name, kind)
            case (nil, false): break
            }
        }
        if let isSandbox = request[DeviceFields.isSandbox] {
            guard kind == .apns else { throw Self.foreign("sandbox", kind) }
            if isSandbox { members["sandbox"] = "true" }
        }
        if kind == .webhook { members["secret"] = WebhookSecret().text }
        do throws(InvalidPush) {
            _ = try target(allowsLoopback: allowsLoopback)
        } catch {
            throw Problem(.invalidField, error.description, field: error.field)
        }
    }

    private static func fields(of kind: PushProvider) -> [String] {
        switch kind {
        case .webPush: ["endpoint", "p256dh", "auth"]
        case .apns: ["token", "topic"]
        case .fcm: ["token"]
        case .webhook: ["url"]
        }
    }

    private static func foreign(_ name: String, _ kind: PushProvider) -> Problem {
        Problem(.unknownField, "a device of the kind \(kind.rawValue) has no \(name)", field: name)
    }

    /// - Throws: of what is not as it must be.
    func target(allowsLoopback: Bool) throws(InvalidPush) -> DeviceTarget {
        func text(_ name: String) -> String { members[name] ?? "" }
        switch kind {
        case .webPush:
            return .webPush(
                try WebPushSubscription(
                    endpoint: text("endpoint"), p256dh: text("p256dh"), auth: text("auth"),
                    allowsLoopback: allowsLoopback))
        case .apns:
            return .apns(
                try APNsDevice(token: text("token"), topic: text("topic"), isSandbox: members["sandbox"] != nil))
        case .fcm: return .fcm(try FCMDevice(token: text("token")))
        case .webhook:
            var before: (WebhookSecret, Int64)?
            if let secret = members["before"], let until = members["until"].flatMap({ Int64($0) }) {
                before = (try WebhookSecret(secret), until)
            }
            return .webhook(
                try WebhookEndpoint(text("url"), allowsLoopback: allowsLoopback),
                WebhookSigner(try WebhookSecret(text("secret")), before: before))
        }
    }

    /// What makes it the same device, whoever has it. A webhook's address is no secret: it is one for each user.
    func identity(of user: ID) -> [UInt8] {
        let place =
            switch kind {
            case .webPush: members["endpoint"] ?? ""
            case .apns: (members["token"] ?? "").lowercased() + "\n" + (members["topic"] ?? "")
            case .fcm: members["token"] ?? ""
            case .webhook: "\(user)\n" + (members["url"] ?? "")
            }
        return Array("\(kind.rawValue)\n\(place)".utf8)
    }

    // MARK: A webhook's secret

    var secret: String? { members["secret"] }

    /// Both sign for a day.
    /// - Parameter now: milliseconds since 1970.
    mutating func rotate(now: Int64) {
        members["before"] = members["secret"]
        members["until"] = String(now + WebhookSigner.overlap)
        members["secret"] = WebhookSecret().text
    }

    // MARK: Sealed

    func sealed(_ box: SealedBox, for device: ID) -> [UInt8] {
        let object = JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
        return box.seal(Array(JSONValue.object(object).text.utf8), for: Self.name(of: device))
    }

    /// - Returns: `nil` where another secret of the site has sealed it.
    init?(_ sealed: [UInt8], kind: PushProvider, of device: ID, _ box: SealedBox) {
        guard let bytes = box.open(sealed, for: Self.name(of: device)),
            let object = (try? JSONValue.parse(bytes))?.object
        else { return nil }
        self.kind = kind
        members = Dictionary(
            uniqueKeysWithValues: object.members.compactMap { key, value in
                value.string.map { (key, $0) }
            })
    }

    private static func name(of device: ID) -> [UInt8] { Array("device \(device)".utf8) }
}
