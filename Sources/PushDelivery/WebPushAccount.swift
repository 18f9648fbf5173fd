public import Core
public import Push
import Synchronization

/// Sends to browsers by one VAPID key, whose tokens are kept: one for each push service.
public final class WebPushAccount: Sendable {
    private let sender: PushSender
    private let clock: any WallClock
    private let name: String
    private let tokens: Mutex<VAPIDTokens>

    /// - Parameter name: the key's, as circuits and logs show it.
    public init(_ key: VAPIDKey, name: String, sender: PushSender, clock: any WallClock = SystemClock()) {
        (self.sender, self.clock, self.name) = (sender, clock, name)
        tokens = Mutex(VAPIDTokens(key))
    }

    /// - Parameters:
    ///   - device: a name of ours for the subscription.
    ///   - owner: the same of its user; `nil`: it has none but itself.
    public func send(
        _ message: WebPushMessage, to subscription: WebPushSubscription, device: String, owner: String? = nil
    ) async -> PushResult {
        guard let host = Origin(subscription.audience) else { return .invalid("endpoint") }
        let route = PushRoute(.webPush, credential: name, host: host, device: device, owner: owner)
        // What can't be sent need not be encrypted.
        if let held = await sender.hold(on: route) { return held }
        let authorization = tokens.withLock {
            $0.authorization(for: subscription.audience, now: clock.milliseconds() / 1000)
        }
        return await sender.send(message.request(to: subscription, authorization: authorization), on: route)
    }
}
