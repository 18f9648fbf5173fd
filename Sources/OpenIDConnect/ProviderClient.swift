public import Core
import Runtime
import Synchronization

/// Log-ins by one provider. Threads of its own ask it, so that nobody else waits for it; how long that takes, and how many
/// may wait, has a limit.
public final class ProviderClient: Sendable {
    private static let threads = 4
    private static let mostWaiting = 32
    private static let patienceMilliseconds = 2_000

    public let provider: Provider
    private let allowsLoopback: Bool
    private let clock: any WallClock
    private let pool: BlockingPool
    private let memory = Mutex(ProviderMemory())
    private let done: Counter
    private let refused: Counter
    private let unavailable: Counter

    /// - Parameter allowsLoopback: the provider may be on this machine and without TLS: for tests.
    public init(_ provider: Provider, allowsLoopback: Bool, clock: any WallClock) {
        self.provider = provider
        self.allowsLoopback = allowsLoopback
        self.clock = clock
        pool = BlockingPool(
            name: "provider_\(provider.name)", threads: Self.threads, limit: Self.mostWaiting,
            patience: Self.patienceMilliseconds)
        func counter(_ result: String) -> Counter {
            Metrics.shared.counter(.providerLogIns, "provider=\"\(provider.name)\",result=\"\(result)\"")
        }
        (done, refused, unavailable) = (counter("done"), counter("refused"), counter("unavailable"))
    }

    /// Where a browser is sent, to come back to the log-in's redirect with a code.
    public func address(for logIn: PendingLogIn, state: String) async throws(ProviderFailure) -> String {
        let now = monotonicNanoseconds()
        let endpoint: String
        if let known = memory.withLock({ $0.metadata(now) }) {
            endpoint = known.authorizationEndpoint
        } else {
            endpoint = try await asking { [self] requests throws(ProviderFailure) in
                try metadata(requests).authorizationEndpoint
            }
        }
        let query = FormText.encode([
            ("response_type", "code"), ("client_id", provider.clientID), ("redirect_uri", logIn.redirect),
            ("scope", "openid"), ("state", state), ("nonce", logIn.nonce), ("code_challenge", logIn.challenge),
            ("code_challenge_method", "S256"),
        ])
        return endpoint + (endpoint.utf8.contains(UInt8(ascii: "?")) ? "&" : "?") + query
    }

    /// Who has logged in there: the provider's `sub`.
    /// - Parameter code: that it gave.
    public func subject(code: String, of logIn: PendingLogIn) async throws(ProviderFailure) -> String {
        do throws(ProviderFailure) {
            let user = try await asking { [self] requests throws(ProviderFailure) in
                let metadata = try metadata(requests)
                let token = try requests.idToken(code: code, logIn, metadata)
                return try subject(of: token, logIn, metadata, requests)
            }
            done.add()
            return user
        } catch {
            if case .unavailable = error { unavailable.add() } else { refused.add() }
            throw error
        }
    }

    // MARK: On the provider's threads

    private func metadata(_ requests: ProviderRequests) throws(ProviderFailure) -> Metadata {
        let now = monotonicNanoseconds()
        if let known = memory.withLock({ $0.metadata(now) }) { return known }
        let new = try requests.metadata()
        memory.withLock { $0.keep(new, now) }
        return new
    }

    private func subject(
        of token: String, _ logIn: PendingLogIn, _ metadata: Metadata, _ requests: ProviderRequests
    ) throws(ProviderFailure) -> String {
        let now = monotonicNanoseconds()
        let expected = IDToken.Expectation(
            issuer: provider.issuer, clientID: provider.clientID, nonce: logIn.nonce, now: clock.milliseconds() / 1000)
        if let known = memory.withLock({ $0.keys(now) }) {
            do throws(IDToken.Failure) {
                return try IDToken.subject(of: token, signedBy: known, expected)
            } catch {
                guard error == .unknownKey, memory.withLock({ $0.takeFetch(now) }) else { throw .tokenRefused(error) }
            }
        }
        let keys = try requests.keys(metadata)
        memory.withLock { $0.keep(keys, now) }
        do throws(IDToken.Failure) {
            return try IDToken.subject(of: token, signedBy: keys, expected)
        } catch {
            throw .tokenRefused(error)
        }
    }

    private func asking<T: Sendable>(
        _ work: @escaping @Sendable (ProviderRequests) throws(ProviderFailure) -> T
    ) async throws(ProviderFailure) -> T {
        do {
            return try await pool.run { [self] in
                guard !memory.withLock({ $0.isAway(monotonicNanoseconds()) }) else {
                    throw ProviderFailure.unavailable(.away)
                }
                return try work(ProviderRequests(provider, allowsLoopback: allowsLoopback))
            }
        } catch {
            let failure = error as? ProviderFailure ?? .unavailable(.busy)
            note(failure)
            throw failure
        }
    }

    private func note(_ failure: ProviderFailure) {
        switch failure {
        case .unavailable(.unreachable), .unavailable(.timeout):
            memory.withLock { $0.wasAway(monotonicNanoseconds()) }
        // Told when it was away; and a code is the client's.
        case .unavailable(.away), .codeRefused: return
        default: break
        }
        Log.warning(.providerFailed, ["provider": .text(provider.name), "reason": .text(failure.word)])
    }
}
