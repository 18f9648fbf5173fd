import Core

/// What Google responds to who asks for an access token (RFC 6749, section 5.2).
enum FCMTokenResponses {
    static func verdict(of response: PushResponse, now: Int64) -> PushVerdict {
        let wait = response.retryAfter(now: now)
        let outcome: PushOutcome =
            switch response.status {
            case 200: .delivered
            case 429: RetryAfter.throttled(wait)
            case 408: .temporary(wait: wait)
            // The key was withdrawn, the account is gone, or our clock is wrong.
            case 400..<500: .credentialRefused(renews: false)
            default: .temporary(wait: wait)
            }
        return PushVerdict(
            outcome, of: .credential, status: response.status, reason: PushResponse.word(response.object?["error"]))
    }
}
