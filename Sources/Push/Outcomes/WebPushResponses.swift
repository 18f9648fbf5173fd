import Core

/// What push services respond (RFC 8030; Mozilla's `errno`, Apple's `reason`, a header of Microsoft's).
enum WebPushResponses {
    /// Of Mozilla's service, with 503: nothing is wrong, so there is no reason to wait.
    private static let tryAtOnce: Int64 = 202

    static func verdict(of response: PushResponse, now: Int64) -> PushVerdict {
        let object = response.object
        let number = object?["errno"]?.integer
        let reason =
            PushResponse.word(object?["reason"]) ?? number.map { "errno_\($0)" }
            ?? response.headers.first(named: "x-wns-error-description").flatMap { PushResponse.word(.string($0)) }
        func verdict(_ outcome: PushOutcome, of scope: PushVerdict.Scope = .device) -> PushVerdict {
            PushVerdict(outcome, of: scope, status: response.status, reason: reason)
        }
        let wait = response.retryAfter(now: now)
        switch response.status {
        case 200..<300: return verdict(.delivered)
        case 404, 410: return verdict(.deviceGone(since: nil))
        // The subscription may be for another site's key, and its user may have made it so.
        case 401, 403: return verdict(.deviceRefused, of: .host)
        // Windows says 406 where others say 429.
        case 406, 429: return verdict(RetryAfter.throttled(wait), of: .host)
        case 503 where number == tryAtOnce && wait == nil: return verdict(.temporary(wait: 0), of: .host)
        case 408: return verdict(.temporary(wait: wait), of: .host)
        case 400..<500: return verdict(.messageRefused(attempts: 1))
        // A redirect is followed by nobody: the address is the subscription.
        default: return verdict(.temporary(wait: wait), of: .host)
        }
    }
}
