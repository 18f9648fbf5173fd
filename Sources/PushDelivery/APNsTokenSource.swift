import Core
public import Push

/// What all processes of a site keep one key's tokens in: Apple refuses who makes them too often, whichever process it is, and one that
/// has just started knows of none.
public protocol APNsTokenStore: Sendable {
    /// The newest that was made; `nil`: there is none.
    func newest() async throws -> APNsTokens.Token?
    /// - Returns: the newest: the one that is given, or another process's of the last 20 minutes.
    func keep(_ token: APNsTokens.Token) async throws -> APNsTokens.Token
}

/// The token of one key: the store's while it is good, or a new one, which is put there. Without the store the process has its own.
actor APNsTokenSource {
    private var tokens: APNsTokens
    private let store: (any APNsTokenStore)?
    private let clock: any WallClock
    private var renewal: Task<String, Never>?

    init(_ key: APNsKey, store: (any APNsTokenStore)?, clock: any WallClock) {
        tokens = APNsTokens(key)
        (self.store, self.clock) = (store, clock)
    }

    private var now: Int64 { clock.milliseconds() / 1000 }

    func token() async -> String {
        if let current = tokens.current(now: now) { return current.text }
        // All that are sent meanwhile wait for the same one.
        if let renewal { return await renewal.value }
        let task = Task { await renew() }
        renewal = task
        defer { renewal = nil }
        return await task.value
    }

    /// Apple says that a token has ended.
    /// - Returns: whether `token` gives another one now.
    func refused(_ token: String) -> Bool { tokens.refused(token, now: now) }

    private func renew() async -> String {
        if let store, let newest = try? await store.newest() { tokens.adopt(newest, now: now) }
        if let current = tokens.current(now: now) { return current.text }
        let made = tokens.token(now: now)
        if let store, let kept = tokens.current(now: now), let newest = try? await store.keep(kept), newest != kept {
            tokens.replace(by: newest)
            return newest.text
        }
        return made
    }
}
