import Core

/// `Retry-After` (RFC 9110, section 10.2.3): seconds or a date. Some servers write fractions of a second.
public enum RetryAfter {
    /// As long as FCM keeps a message, longer than any of ours lives: who asks for more asks for the same.
    public static let longest: Int64 = 28 * 86_400_000
    /// Where a provider throttles and says nothing.
    private static let unsaid: Int64 = 60_000
    /// Being throttled costs no attempt, so not even who asks for no wait is asked again at once.
    private static let least: Int64 = 1000

    /// How long who is throttled waits.
    static func throttled(_ wait: Int64?) -> PushOutcome { .throttled(wait: max(wait ?? unsaid, least)) }

    /// - Parameters:
    ///   - text: the header's value.
    ///   - now: milliseconds since 1970.
    /// - Returns: milliseconds to wait, 0 to `longest`, rounded up; `nil` for what is neither.
    public static func wait(_ text: some StringProtocol, now: Int64) -> Int64? {
        guard text.utf8.count <= 64 else { return nil }
        let text = String(text).withoutOuterSpace
        if let wait = seconds(text) { return wait }
        return milliseconds(httpDate: text, now: now).map { min(max($0 - now, 0), longest) }
    }

    /// Digits, perhaps with a point among them.
    private static func seconds(_ text: String) -> Int64? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { (48...57).contains($0) } }),
            let seconds = Double(text)
        else { return nil }
        return Int64(min((seconds * 1000).rounded(.up), Double(longest)))
    }
}
