public import Core
public import Push

/// Sends to Apple's devices by one team's key, whose token is made anew every three quarters of an hour.
public final class APNsAccount: Sendable {
    private let sender: PushSender
    private let name: String
    private let hosts: APNsMessage.Hosts
    private let tokens: APNsTokenSource

    /// - Parameters:
    ///   - hosts: Apple's servers, or those of a test.
    ///   - store: of the tokens, for all processes that send by this key.
    public init(
        _ key: APNsKey, sender: PushSender, hosts: APNsMessage.Hosts = .apple, store: (any APNsTokenStore)? = nil,
        clock: any WallClock = SystemClock()
    ) {
        (self.sender, self.hosts) = (sender, hosts)
        name = "\(key.teamID)/\(key.keyID)"
        tokens = APNsTokenSource(key, store: store, clock: clock)
    }

    /// - Parameters:
    ///   - name: ours of the device.
    ///   - owner: ours of its user; `nil`: it has none but itself.
    public func send(
        _ message: APNsMessage, to device: APNsDevice, device name: String, owner: String? = nil
    ) async -> PushResult {
        guard let host = Origin(device.isSandbox ? hosts.sandbox : hosts.production) else { return .invalid("host") }
        let route = PushRoute(.apns, credential: self.name, host: host, device: name, owner: owner)
        if let held = await sender.hold(on: route) { return held }
        let token = await tokens.token()
        let first = await sender.send(
            message.request(to: device, token: token, hosts: hosts), on: route, mayRenew: true)
        guard case .attempted(let verdict) = first, verdict.outcome == .credentialRefused(renews: true) else {
            return first
        }
        guard await tokens.refused(token) else {
            sender.refused(route.credentialCircuit)
            return first
        }
        return await sender.send(message.request(to: device, token: await tokens.token(), hosts: hosts), on: route)
    }
}
