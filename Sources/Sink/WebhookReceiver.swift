import Core
public import Push

/// Webhooks that check signatures (Standard Webhooks 1.0.0).
public struct WebhookReceiver: Sendable {
    public static let most = 10_000
    static let path = "/hooks/"

    private var hooks: [String: WebhookVerifier] = [:]

    public init() {}

    /// - Parameter name: the last part of its path; one that is there gets another verifier.
    /// - Returns: its path; `nil` where there are too many.
    public mutating func register(_ name: String, _ verifier: WebhookVerifier) -> String? {
        guard hooks.count < Self.most || hooks[name] != nil else { return nil }
        hooks[name] = verifier
        return Self.path + name.percentEscaped
    }

    public mutating func unregister(_ name: String) { hooks[name] = nil }

    /// - Parameter now: milliseconds since 1970.
    public func receive(_ request: SinkRequest, now: Int64) -> SinkReply {
        guard request.method == PushRequest.method else { return refuse(405, "method") }
        let name = String(request.path.dropFirst(Self.path.count))
        guard request.path.hasPrefix(Self.path), let verifier = hooks[name] else { return refuse(410, "gone") }
        guard request.header("content-type") == "application/json" else { return refuse(415, "content_type") }
        guard request.body.count <= WebhookMessage.longestPayload else { return refuse(413, "too_large") }
        do throws(WebhookVerifier.Failure) {
            try verifier.check(headers: request.headers, body: request.body, now: now / 1000)
        } catch {
            return refuse(401, error.rawValue)
        }
        return SinkReply(
            PushResponse(status: 204),
            SinkReply.Delivery(device: name, id: request.header("webhook-id"), payload: request.body))
    }

    private func refuse(_ status: Int, _ error: String) -> SinkReply { SinkReply(status, ["error": .string(error)]) }
}
