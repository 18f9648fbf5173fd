import Core

/// What APNs responds: a status, and for all but 200 `{"reason": …, "timestamp"?: …}`. The reason says more.
enum APNsResponses {
    /// Who makes tokens too often is not heard for a while; one may be made every 20 minutes.
    private static let tokenPause = Int64(APNsTokens.leastAge) * 1000
    /// What a user's choice of topic, token and `sandbox` can bring about. The team's, where it is so for all.
    private static let devices = ["BadTopic", "DeviceTokenNotForTopic", "TopicDisallowed"]
    /// What only our token can. Any other 403 may come of a device, for all that is known.
    private static let tokens = ["InvalidProviderToken", "MissingProviderToken", "UnrelatedKeyIdInToken"]

    static func verdict(of response: PushResponse, now: Int64) -> PushVerdict {
        let object = response.object
        let reason = PushResponse.word(object?["reason"])
        func verdict(_ outcome: PushOutcome, of scope: PushVerdict.Scope = .device) -> PushVerdict {
            PushVerdict(outcome, of: scope, status: response.status, reason: reason)
        }
        let wait = response.retryAfter(now: now)
        if (200..<300).contains(response.status) { return verdict(.delivered) }
        switch reason {
        case "BadDeviceToken" where response.status == 400: return verdict(.deviceGone(since: nil))
        case let reason? where response.status == 400 && devices.contains(reason):
            return verdict(.deviceRefused, of: .host)
        case "ExpiredProviderToken": return verdict(.credentialRefused(renews: true), of: .credential)
        case let reason? where (400..<500).contains(response.status) && tokens.contains(reason):
            return verdict(.credentialRefused(renews: false), of: .credential)
        case "TooManyProviderTokenUpdates":
            return verdict(.throttled(wait: max(wait ?? 0, tokenPause)), of: .credential)
        // A connection of ours that nobody used: the message was not looked at.
        case "IdleTimeout": return verdict(.temporary(wait: wait), of: .host)
        default: break
        }
        switch response.status {
        case 410: return verdict(.deviceGone(since: object?["timestamp"]?.integer))
        case 401, 403: return verdict(.deviceRefused, of: .host)
        case 429: return verdict(RetryAfter.throttled(wait))
        case 408: return verdict(.temporary(wait: wait), of: .host)
        case 400..<500: return verdict(.messageRefused(attempts: 1))
        default: return verdict(.temporary(wait: wait), of: .host)
        }
    }
}
