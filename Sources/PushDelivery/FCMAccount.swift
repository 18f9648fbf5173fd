public import Core
public import Push
import Synchronization

/// Sends to devices that Firebase knows by one service account. Its access token is asked for once for all that need it, and
/// anew before it ends.
public final class FCMAccount: Sendable {
    private struct Access {
        var access: FCMAccess
        /// Asks for a token at this moment.
        var asking: Task<Void, Never>?
    }

    private enum Token {
        case good(String)
        case none(PushResult)
    }

    private let account: ServiceAccount
    private let sender: PushSender
    private let clock: any WallClock
    private let address: String
    private let state: Mutex<Access>

    /// - Parameter host: Google's, or that of a test, without a slash at its end.
    public init(
        _ account: ServiceAccount, sender: PushSender, host: String = FCMMessage.host,
        clock: any WallClock = SystemClock()
    ) {
        (self.account, self.sender, self.clock, address) = (account, sender, clock, host)
        state = Mutex(Access(access: FCMAccess(account)))
    }

    /// - Parameters:
    ///   - name: ours of the device.
    ///   - owner: ours of its user; `nil`: it has none but itself.
    /// - Throws: of the field `payload`: it is too long for FCM.
    public func send(
        _ message: FCMMessage, to device: FCMDevice, device name: String, owner: String? = nil
    ) async throws(InvalidPush) -> PushResult {
        guard let host = Origin(address) else { return .invalid("host") }
        let route = PushRoute(.fcm, credential: account.projectID, host: host, device: name, owner: owner)
        if let held = await sender.hold(on: route) { return held }
        let token: String
        switch await self.token() {
        case .good(let text): token = text
        case .none(let result): return result
        }
        let request = try message.request(to: device, of: account, access: token, host: address)
        let first = await sender.send(request, on: route, mayRenew: true)
        guard case .attempted(let verdict) = first, verdict.outcome == .credentialRefused(renews: true) else {
            return first
        }
        guard state.withLock({ $0.access.refused(token, now: clock.milliseconds()) }) else {
            sender.refused(route.credentialCircuit)
            return first
        }
        switch await self.token() {
        case .good(let other):
            let again = try message.request(to: device, of: account, access: other, host: address)
            return await sender.send(again, on: route)
        // Google has no other one for now: that is no word about the account.
        case .none(let result): return result
        }
    }

    // MARK: Access tokens

    private func token() async -> Token {
        var hasAsked = false
        while true {
            let now = clock.milliseconds()
            let (step, asking) = state.withLock { state in
                let step = state.access.next(now: now)
                if case .ask(let request) = step { state.asking = Task { await self.ask(request) } }
                return (step, state.asking)
            }
            if case .use(let text) = step { return .good(text) }
            guard !hasAsked, let asking else {
                let wait: Int64 = if case .wait(let until) = step { max(until - now, 0) } else { 0 }
                return .none(.held(wait: wait, by: .credential(.fcm, account.projectID)))
            }
            await asking.value
            hasAsked = true
        }
    }

    private func ask(_ request: PushRequest) async {
        guard let host = WebAddress.origin(of: request.url) else {
            return done { _ = $0.received(.unreachable, now: $1) }
        }
        let route = PushRoute(.fcm, credential: account.projectID, host: host, device: "token")
        let answer = await sender.exchange(request, on: route) { [self] response, now in
            state.withLock { $0.access.received(response, now: now) }
        }
        // What has a response was told above.
        switch answer {
        case .attempted(let verdict) where verdict.status != nil: done { _, _ in }
        default: done { _ = $0.received(.unreachable, now: $1) }
        }
    }

    private func done(_ change: (inout FCMAccess, Int64) -> Void) {
        state.withLock {
            change(&$0.access, clock.milliseconds())
            $0.asking = nil
        }
    }
}
