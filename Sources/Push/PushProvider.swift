/// Who brings a notification to a device.
public enum PushProvider: String, Sendable, CaseIterable {
    case webPush = "webpush"
    case apns
    case fcm
    case webhook

    /// What a response means.
    /// - Parameter now: milliseconds since 1970, for `Retry-After`.
    public func verdict(of response: PushResponse, now: Int64) -> PushVerdict {
        switch self {
        case .webPush: WebPushResponses.verdict(of: response, now: now)
        case .apns: APNsResponses.verdict(of: response, now: now)
        case .fcm: FCMResponses.verdict(of: response, now: now)
        case .webhook: WebhookResponses.verdict(of: response, now: now)
        }
    }

    /// What it means that there was none.
    public func verdict(of failure: PushFailure) -> PushVerdict {
        PushVerdict(failure.mayHaveArrived ? .ambiguous : .temporary(wait: nil), of: .host, reason: failure.rawValue)
    }
}
