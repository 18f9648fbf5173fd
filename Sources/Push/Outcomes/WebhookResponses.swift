/// What webhooks respond (Standard Webhooks 1.0.0): 2xx is success and all else a failure, which is tried again. Only the
/// status counts; a body may be anything.
enum WebhookResponses {
    /// A webhook that refuses a message may be one that is being changed.
    private static let attemptsOfRefused = 3

    static func verdict(of response: PushResponse, now: Int64) -> PushVerdict {
        let wait = response.retryAfter(now: now)
        let outcome: PushOutcome =
            switch response.status {
            case 200..<300: .delivered
            case 410: .deviceGone(since: nil)
            // Its secret is its user's business.
            case 401, 403: .deviceRefused
            case 400, 413, 415, 422: .messageRefused(attempts: attemptsOfRefused)
            case 429, 502, 504: RetryAfter.throttled(wait)
            // A redirect is a failure, too: it is not followed.
            default: .temporary(wait: wait)
            }
        return PushVerdict(outcome, of: .device, status: response.status)
    }
}
