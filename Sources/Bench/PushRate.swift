import Core
import Crypto
import Glibc
import Push
import PushDelivery
import Synchronization

/// How many webhooks or encrypted Web Pushes a second go through the sender to a server that takes all, and what that costs.
struct PushRate {
    enum Kind: String {
        case webhook, webpush
    }

    let kind: Kind
    /// Of the server, https.
    let address: String
    let authorities: String
    let count: Int
    /// How many are in hand at a time: signed or encrypted, waiting or in flight.
    let atATime: Int

    private static let payload = Array(
        #"{"title":"Ann likes your post","body":"The first two hundred letters of what she likes are here","key":"like:post:7301"}"#
            .utf8)

    func run() -> Never {
        signal(SIGPIPE, SIG_IGN)
        let copy = self
        // The main thread has nothing to do but to wait.
        Task.detached {
            do {
                try await copy.measure()
                exit(0)
            } catch {
                say("FAILED: \(error)")
                exit(1)
            }
        }
        while true { sleep(1000) }
    }

    private func measure() async throws {
        var options = PushSenderOptions()
        options.authorities = authorities
        options.exempt = [IPRange("127.0.0.0/8")!, IPRange("::1")!]
        let sender = PushSender(options)
        let send = try maker(sender)
        // The connection is made, and limits have grown.
        _ = await run(send, max(1000, count / 10))
        let (began, cpu) = (monotonicNanoseconds(), Self.processorTime())
        let outcomes = await run(send, count)
        let seconds = Double(monotonicNanoseconds() - began) / 1e9
        let used = Self.processorTime() - cpu
        let state = try await sender.state()
        sender.stop()
        let delivered = outcomes["delivered"] ?? 0
        say(
            "\(kind.rawValue): \(count) in \(Self.text(seconds, 2)) s, \(Int(Double(delivered) / seconds)) delivered a second, "
                + "\(Self.text(used / Double(count) * 1e6, 0)) µs of CPU each, "
                + "\(state.connectionsOpened) connections, at most \(Self.peakMemory()) MB; "
                + outcomes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    }

    private func maker(_ sender: PushSender) throws -> @Sendable (Int) async -> PushResult {
        switch kind {
        case .webhook:
            let endpoint = try WebhookEndpoint(address + "/hook", allowsLoopback: true)
            let signer = WebhookSigner(WebhookSecret())
            return { index in
                guard let message = try? WebhookMessage(id: "m\(index)", payload: Self.payload) else { return .ended }
                return await sender.send(message, to: endpoint, signer: signer, device: "d\(index % 1000)")
            }
        case .webpush:
            let account = WebPushAccount(
                try VAPIDKey(P256Key(), contact: "mailto:ops@example.com"), name: "bench", sender: sender)
            // Browsers, each with a key of its own.
            let browsers = try (0..<100).map { _ in
                try WebPushSubscription(
                    endpoint: address + "/hook", p256dh: Base64URL.encode(P256Key().publicKey.bytes),
                    auth: Base64URL.encode(Crypto.randomBytes(16)), allowsLoopback: true)
            }
            return { index in
                guard let message = try? WebPushMessage(payload: Self.payload, timeToLive: 3600) else { return .ended }
                return await account.send(message, to: browsers[index % 100], device: "d\(index % 100)")
            }
        }
    }

    private func run(_ send: @escaping @Sendable (Int) async -> PushResult, _ count: Int) async -> [String: Int] {
        let next = Next()
        return await withTaskGroup(of: [String: Int].self) { group in
            for _ in 0..<atATime {
                group.addTask {
                    var outcomes: [String: Int] = [:]
                    while true {
                        let index = next.take()
                        guard index < count else { return outcomes }
                        let result = await send(index)
                        outcomes[Self.name(result), default: 0] += 1
                    }
                }
            }
            return await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        }
    }

    private final class Next: Sendable {
        private let index = Atomic<Int>(0)
        func take() -> Int { index.add(1, ordering: .relaxed).oldValue }
    }

    private static func name(_ result: PushResult) -> String {
        switch result {
        case .attempted(let verdict): verdict.outcome.name
        case .held: "held"
        case .full: "full"
        case .invalid: "invalid"
        case .ended: "ended"
        }
    }

    /// Seconds of this process.
    private static func processorTime() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss >> 10
    }

    private static func text(_ value: Double, _ digits: Int) -> String {
        let scale = digits == 0 ? 1.0 : 100.0
        let scaled = (value * scale).rounded() / scale
        return digits == 0 ? String(Int(scaled)) : String(scaled)
    }
}
