import Core
import Push
import Testing

@testable import PushDelivery

/// What a push service refuses for a device's sake holds up that device alone.
@Suite struct RefusedDeviceTests {
    private static let refusals: [(PushProvider, Int, String)] = [
        (.apns, 400, #"{"reason":"TopicDisallowed"}"#), (.apns, 400, #"{"reason":"BadTopic"}"#),
        (.apns, 400, #"{"reason":"DeviceTokenNotForTopic"}"#), (.apns, 403, #"{"reason":"BadEnvironmentKeyInToken"}"#),
        (.webPush, 403, ""), (.webPush, 401, #"{"errno":109}"#),
        (
            .fcm, 401,
            #"{"error":{"details":[{"@type":"x/google.firebase.fcm.v1.FcmError","errorCode":"THIRD_PARTY_AUTH_ERROR"}]}}"#
        ),
    ]

    private static func verdict(_ provider: PushProvider, _ status: Int, _ body: String = "") -> PushVerdict {
        provider.verdict(of: PushResponse(status: status, headers: [], body: Array(body.utf8)), now: 0)
    }

    private static func route(_ provider: PushProvider, _ device: String, of user: String? = nil) -> PushRoute {
        PushRoute(
            provider, credential: "ours", host: Origin("https://push.example")!, device: device, owner: user ?? device)
    }

    /// A queue with a clock, to which one push is given after the other.
    private final class Line {
        let queue = SendQueue<Int>(PushSenderOptions())
        var now: UInt64 = 1_000_000_000_000
        let provider: PushProvider
        let refused: PushVerdict

        init(_ provider: PushProvider, _ refused: PushVerdict) { (self.provider, self.refused) = (provider, refused) }

        /// - Returns: `nil`: it was sent; otherwise how long it is held.
        func send(_ route: PushRoute, _ verdict: PushVerdict) -> Int64? {
            if case .held(let wait, _) = queue.add(0, route, now: now) { return wait }
            guard let started = queue.next(now: now, held: { _ in }) else { return 0 }
            queue.finished(started, verdict, mayRenew: false, now: now) { _ in }
            return nil
        }

        func refuse(_ device: String, of user: String? = nil) -> Int64? {
            send(route(provider, device, of: user), refused)
        }
        func deliver(_ device: String) -> Int64? { send(route(provider, device), verdict(provider, 200)) }
        func pass(milliseconds: UInt64) { now += milliseconds * 1_000_000 }
    }

    private static func lines() -> [Line] { refusals.map { Line($0, verdict($0, $1, $2)) } }

    /// However many devices he has, and however often they are refused; each of his waits by itself.
    @Test func oneUserStopsNobody() {
        for line in Self.lines() {
            for turn in 0..<50 {
                let waits = (0..<10).map { line.refuse("bob\($0)", of: "bob") }
                if turn == 0 { #expect(waits.allSatisfy { $0 == nil } && line.refuse("bob0", of: "bob") == 30_000) }
                #expect(line.deliver("carol") == nil)
                line.pass(milliseconds: 10_000)
            }
            let open = line.queue.circuits.open.keys
            #expect(open.count == 10 && open.allSatisfy { if case .device = $0 { true } else { false } })
        }
    }

    /// What refuses the devices of five is not theirs. Who was not refused goes to see, and opens the way for all.
    @Test func fiveUsersInARow() {
        for line in Self.lines() {
            for user in 0..<4 { #expect(line.refuse("u\(user)") == nil) }
            #expect(line.deliver("carol") == nil)
            for user in 4..<8 { #expect(line.refuse("u\(user)") == nil) }
            #expect(line.deliver("dave") == nil)
            for user in 8..<13 { #expect(line.refuse("u\(user)") == nil) }
            #expect(line.deliver("carol") == 5000)
            // Those that were refused let others go first.
            line.pass(milliseconds: 40_000)
            #expect(line.refuse("u12") == 25_000)
            #expect(line.deliver("carol") == nil && line.deliver("dave") == nil)
            // They count no more, until they take something.
            for user in 0..<13 { #expect(line.refuse("u\(user)") == nil) }
            #expect(line.deliver("carol") == nil)
        }
    }

    /// Where there is nobody else, one of those goes to see in the end; if it is refused again, others need not wait for that.
    @Test func whereAllAreRefused() {
        for line in Self.lines() {
            for user in 0..<5 { #expect(line.refuse("u\(user)") == nil) }
            line.pass(milliseconds: 64_999)
            #expect(line.refuse("u0") == 1)
            line.pass(milliseconds: 1)
            #expect(line.refuse("u0") == nil)
            #expect(line.refuse("u1") == 60_000)
            line.pass(milliseconds: 60_000)
            #expect(line.deliver("u1") == nil && line.deliver("u2") == nil && line.deliver("carol") == nil)
        }
    }

    /// What can only be the key's opens its circuit at once.
    @Test func aKeyThatIsRefused() {
        for reason in ["InvalidProviderToken", "MissingProviderToken", "ExpiredProviderToken"] {
            let line = Line(.apns, Self.verdict(.apns, 403, "{\"reason\":\"\(reason)\"}"))
            #expect(line.refuse("bob") == nil && line.deliver("carol") == 30_000)
            line.pass(milliseconds: 30_000)
            #expect(line.deliver("bob") == nil && line.deliver("carol") == nil)
        }
    }
}
