public import Push

/// All receivers under one address, each with its script of faults. Told apart by the path, as each protocol has it.
public struct SinkSite: Sendable {
    /// What becomes of a request.
    public struct Outcome: Sendable, Equatable {
        /// How it ends without a response.
        public enum Break: Sendable, Equatable {
            case connection
            /// The server says that it has not looked at it: of this stream, or of all from here on.
            case refusedStream, goAway
        }

        /// Milliseconds before the response, or the end.
        public let delay: Int64
        /// `nil`: `ends` says how.
        public let response: PushResponse?
        public var ends: Break = .connection
        /// What a device got, though the sender may not hear of it.
        public let delivery: SinkReply.Delivery?
    }

    public var webPush: WebPushReceiver
    public var apns: APNsReceiver
    public var fcm: FCMReceiver
    public var webhooks: WebhookReceiver
    private var scripts: [PushProvider: FaultScript] = [:]

    public init(webPush: WebPushReceiver, apns: APNsReceiver, fcm: FCMReceiver, webhooks: WebhookReceiver) {
        (self.webPush, self.apns, self.fcm, self.webhooks) = (webPush, apns, fcm, webhooks)
    }

    /// Its first step is for the next request.
    public mutating func play(_ script: FaultScript, for provider: PushProvider) { scripts[provider] = script }

    /// - Parameter now: milliseconds since 1970.
    public mutating func receive(_ request: SinkRequest, now: Int64) -> Outcome {
        guard let provider = Self.provider(at: request.path) else {
            return Outcome(delay: 0, response: PushResponse(status: 404), delivery: nil)
        }
        let fault = scripts[provider]?.next() ?? Fault(kind: .pass, delay: 0)
        switch fault.kind {
        case .respond(let response): return Outcome(delay: fault.delay, response: response, delivery: nil)
        case .close: return Outcome(delay: fault.delay, response: nil, delivery: nil)
        case .refuseStream: return Outcome(delay: fault.delay, response: nil, ends: .refusedStream, delivery: nil)
        case .goAway: return Outcome(delay: fault.delay, response: nil, ends: .goAway, delivery: nil)
        case .pass:
            let reply = reply(to: request, by: provider, now: now)
            return Outcome(delay: fault.delay, response: reply.response, delivery: reply.delivery)
        case .closeAfter:
            let reply = reply(to: request, by: provider, now: now)
            return Outcome(delay: fault.delay, response: nil, delivery: reply.delivery)
        }
    }

    private mutating func reply(to request: SinkRequest, by provider: PushProvider, now: Int64) -> SinkReply {
        switch provider {
        case .webPush: webPush.receive(request, now: now)
        case .apns: apns.receive(request, now: now)
        case .fcm: fcm.receive(request, now: now)
        case .webhook: webhooks.receive(request, now: now)
        }
    }

    /// Who would be asked; `nil`: nobody.
    public static func provider(at path: String) -> PushProvider? {
        if path.hasPrefix(WebPushReceiver.path) { return .webPush }
        if path.hasPrefix("/3/") { return .apns }
        if path == FCMReceiver.tokenPath || path.hasPrefix("/v1/projects/") { return .fcm }
        return path.hasPrefix(WebhookReceiver.path) ? .webhook : nil
    }
}
