import Core
import Crypto
import Push
import Sink

/// What is asked of the sink itself, below `/sink`: what came, which faults are played, devices that come and go. Errors name
/// their field.
struct SinkControl {
    static let path = "/sink"

    private let site: SinkSiteBox
    private let about: JSONValue

    init(_ site: SinkSiteBox, about: JSONValue) { (self.site, self.about) = (site, about) }

    /// - Parameter now: milliseconds since 1970.
    func respond(to request: SinkRequest, now: Int64) -> PushResponse {
        let parts = request.path.dropFirst(Self.path.count).split(separator: "/").map(String.init)
        do throws(Refusal) {
            switch (request.method, parts.first, parts.count) {
            case ("GET", nil, 0): return Self.json(200, about)
            case ("GET", "received", 1): return Self.json(200, site.received.all)
            case ("DELETE", "received", 1):
                site.received.clear()
                return PushResponse(status: 204)
            case ("PUT", "faults", 2): return try play(parts[1], request.body)
            case ("DELETE", "faults", 2):
                site.site.play(FaultScript(), for: try provider(parts[1]))
                return PushResponse(status: 204)
            case ("POST", "devices", 2): return try register(try provider(parts[1]), request.body)
            case ("DELETE", "devices", 3):
                remove(try provider(parts[1]), parts[2], now)
                return PushResponse(status: 204)
            default: throw Refusal(404, "there is no \(request.method.harmlessName) \(request.path.harmlessName)")
            }
        } catch {
            return Self.json(error.status, ["error": .string(error.text)])
        }
    }

    private struct Refusal: Error {
        let status: Int
        let text: String

        init(_ status: Int, _ text: String) { (self.status, self.text) = (status, text) }
    }

    private static func json(_ status: Int, _ value: JSONValue) -> PushResponse {
        PushResponse(
            status: status, headers: [PushHeader("content-type", "application/json")],
            body: Array((value.text + "\n").utf8))
    }

    private func provider(_ name: String) throws(Refusal) -> PushProvider {
        guard let provider = PushProvider(rawValue: name) else {
            let names = PushProvider.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal(404, "provider must be one of \(names)")
        }
        return provider
    }

    private func play(_ name: String, _ body: [UInt8]) throws(Refusal) -> PushResponse {
        let provider = try provider(name)
        do {
            site.site.play(try FaultScript(body), for: provider)
        } catch {
            throw Refusal(400, "\(error)")
        }
        return PushResponse(status: 204)
    }

    // MARK: Devices

    private func register(_ provider: PushProvider, _ body: [UInt8]) throws(Refusal) -> PushResponse {
        guard let object = body.isEmpty ? JSONObject() : try? JSONValue.parse(body).object else {
            throw Refusal(400, "the body must be a JSON object")
        }
        func text(_ name: String, or other: String? = nil) throws(Refusal) -> String {
            guard let text = object[name]?.string ?? other else { throw Refusal(400, "\(name) must be a text") }
            return text
        }
        let random = Crypto.randomBytes(32)
        switch provider {
        case .webPush:
            guard let made = site.site.webPush.subscribe(for: try text("key")) else {
                throw Refusal(400, "key must be a point of P-256 in Base64url, and there must be room")
            }
            return Self.json(
                201,
                [
                    "name": .string(made.name), "endpoint": .string(made.endpoint), "p256dh": .string(made.p256dh),
                    "auth": .string(made.auth),
                ])
        case .apns:
            let token = try text(
                "token", or: random.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
            guard (try? APNsDevice(token: token, topic: SinkKeys.topic)) != nil, site.site.apns.register(token) else {
                throw Refusal(400, "token must be 64 to 200 hexadecimal digits, and there must be room")
            }
            return Self.json(201, ["token": .string(token)])
        case .fcm:
            let token = try text("token", or: Base64URL.encode(random))
            guard (try? FCMDevice(token: token)) != nil, site.site.fcm.register(token) else {
                throw Refusal(400, "token must be 1 to 1,024 letters and digits, and there must be room")
            }
            return Self.json(201, ["token": .string(token)])
        case .webhook: return try registerWebhook(try text("name", or: Base64URL.encode(random)), object)
        }
    }

    private func registerWebhook(_ name: String, _ object: JSONObject) throws(Refusal) -> PushResponse {
        guard (1...128).contains(name.utf8.count) else { throw Refusal(400, "name must be 1 to 128 bytes") }
        let secret: WebhookSecret
        do {
            secret = try object["secret"]?.string.map { try WebhookSecret($0) } ?? WebhookSecret()
            let keys = object["key"]?.string.map { [$0] } ?? []
            let verifier = try WebhookVerifier(secrets: [secret], publicKeys: keys)
            guard let path = site.site.webhooks.register(name, verifier) else {
                throw Refusal(409, "there are too many webhooks")
            }
            return Self.json(
                201, ["url": .string("\(site.origin)\(path)"), "secret": .string(secret.text), "name": .string(name)])
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal(400, "\(error)")
        }
    }

    private func remove(_ provider: PushProvider, _ name: String, _ now: Int64) {
        switch provider {
        case .webPush: site.site.webPush.unsubscribe(name)
        case .apns: site.site.apns.unregister(name, now: now)
        case .fcm: site.site.fcm.unregister(name)
        case .webhook: site.site.webhooks.unregister(name)
        }
    }
}

@available(*, unavailable)
extension SinkControl: Sendable {}
