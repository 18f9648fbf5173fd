import Core
import Crypto
import OpenIDConnect
import Runtime

/// What a process makes once, however often it begins anew in another layout.
struct Threads: Sendable {
    /// PostgreSQL and the commands to Redis.
    let stores = EventLoop(name: "stores")
    /// HTTP, the live connections, and their own links to Redis: each loop has a part of the connections.
    let sockets: [EventLoop]
    /// Requests to push services and webhooks; `nil` where none are sent.
    let pushes: EventLoop?
    let hasher: PasswordHasher
    let providers: [ProviderClient]

    /// - Parameters:
    ///   - loops: of the sockets.
    ///   - sendsPushes: whether the process is a notifier.
    ///   - passwords: how many threads hash them.
    init(_ configuration: Configuration, loops: Int = 1, sendsPushes: Bool = false, passwords: Int = 2) {
        pushes = sendsPushes ? EventLoop(name: "push") : nil
        sockets = (0..<loops).map { EventLoop(name: $0 == 0 ? "sockets" : "sockets-\($0)") }
        hasher = PasswordHasher(threads: passwords, cost: configuration.passwordCost)
        providers = configuration.providers.map {
            ProviderClient($0, allowsLoopback: configuration.allowsLoopbackProviders, clock: SystemClock())
        }
    }
}
