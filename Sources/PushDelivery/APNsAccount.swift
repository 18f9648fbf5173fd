public import Core
public import Push
import Synchronization

/// Sends to Apple's devices by one team's key, whose token is made anew every three quarters of an hour.
public final class APNsAccount: Sendable {
    private let sender: PushSender
    private let clock: any WallClock
    private let name: String
    private let hosts: APNsMessage.Hosts
    private let tokens: Mutex<APNsTokens>

    /// - Parameter hosts: Apple's servers, or those of a test.
    public init(
        _ key: APNsKey, sender: PushSender, hosts: APNsMessage.Hosts = .apple, clock: any WallClock = SystemClock()
    ) {
        (self.sender, self.clock, self.hosts) = (sender, clock, hosts)
        name = "\(key.teamID)/\(key.keyID)"
        tokens = Mutex(APNsTokens(key))
    }

    /// - Parameter name: ours of the device.
    public func send(_ message: APNsMessage, to device: APNsDevice, device name: String) async -> PushResult {
        guard let host = Origin(device.isSandbox ? hosts.sandbox : hosts.production) else { return .invalid("host") }
        let route = PushRoute(.apns, credential: self.name, host: host, device: name)
        if let held = await sender.hold(on: route) { return held }
        let token = token()
        let first = await sender.send(
            message.request(to: device, token: token, hosts: hosts), on: route, mayRenew: true)
        guard case .attempted(let verdict) = first, verdict.outcome == .credentialRefused(renews: true) else {
            return first
        }
        guard tokens.withLock({ $0.refused(token, now: clock.milliseconds() / 1000) }) else {
            sender.refused(route.credentialCircuit)
            return first
        }
        return await sender.send(message.request(to: device, token: self.token(), hosts: hosts), on: route)
    }

    private func token() -> String { tokens.withLock { $0.token(now: clock.milliseconds() / 1000) } }
}
