import Consumers
import Core
import Crypto
import Devices
import Push
import PushDelivery

/// What has become of one push in its turn: it has ended, or waits for another turn.
struct PushEnd: Sendable {
    /// By which its dead letters are known.
    static let group = "pushes"
    /// The outcome of what the site has no credential for.
    static let withoutCredential = "no_credential"
    /// Milliseconds until a credential that the site does not have is looked for again.
    private static let credentialPause: Int64 = 600_000
    private static let fullPause: Int64 = 1000
    private static let longFullPause: Int64 = 5000

    let key: DeliveryKey
    private(set) var end: DeliveryEnd?
    private(set) var pause: DeliveryPause?
    private(set) var letter: DeadLetters.Letter?
    /// For figures.
    let provider: String
    private(set) var outcome: String

    /// Ended before it was sent.
    init(_ claim: Deliveries.Claim, _ state: DeliveryState, _ reason: DeliveryReason) {
        (key, provider, outcome) = (claim.key, "none", reason.rawValue)
        end = DeliveryEnd(claim.key, state, reason: reason, attempts: claim.attempts)
    }

    /// Not yet.
    init(_ claim: Deliveries.Claim, for reason: DeliveryReason, until due: Int64) {
        (key, provider, outcome) = (claim.key, "none", reason.rawValue)
        pause = DeliveryPause(claim.key, for: reason, until: due, attempts: claim.attempts)
    }

    init(_ claim: Deliveries.Claim, _ device: Device, _ answer: PushAccounts.Answer, now: Int64) {
        key = claim.key
        provider = device.provider.rawValue
        outcome = ""
        let attempts = claim.attempts
        switch answer {
        case .noCredential:
            outcome = Self.withoutCredential
            park(.held, now + Self.credentialPause, attempts)
        case .unsayable(let why), .sent(.invalid(let why)):
            outcome = "invalid"
            die(.message, .refused, why, nil, attempts, now)
        case .sent(.held(let wait, _)):
            outcome = "held"
            park(.parked, now + wait, attempts)
        case .sent(.full), .sent(.ended):
            outcome = "full"
            park(.parked, now + Self.fullPause(claim), attempts)
        case .sent(.attempted(let verdict)):
            outcome = verdict.outcome.name
            take(verdict, device, attempts, now)
        }
    }

    /// Milliseconds until what there was no room for comes again, not all at the same time; longer where it was so before.
    private static func fullPause(_ claim: Deliveries.Claim) -> Int64 {
        let least = claim.reason == .parked ? longFullPause : fullPause
        return least + .random(in: 0...least)
    }

    private mutating func take(_ verdict: PushVerdict, _ device: Device, _ before: Int, _ now: Int64) {
        let attempts = before + (verdict.outcome.countsAsAttempt ? 1 : 0)
        let words = verdict.reason ?? verdict.outcome.name
        switch verdict.outcome {
        case .delivered: end = DeliveryEnd(key, .delivered, status: verdict.status, attempts: attempts)
        case .deviceGone where verdict.outcome.removes(deviceOf: device.registeredAt):
            end = DeliveryEnd(key, .invalidated, status: verdict.status, attempts: attempts)
        case .messageRefused where verdict.outcome.isFinal(after: attempts):
            die(.message, .refused, words, verdict.status, attempts, now)
        case .credentialRefused: park(.parked, now + Self.fullPause, attempts, verdict.status)
        case .throttled(let wait): park(.parked, now + wait, attempts, verdict.status)
        case .deviceGone, .messageRefused, .deviceRefused, .temporary, .ambiguous:
            var wait: Int64 = 0
            if case .temporary(let least) = verdict.outcome { wait = least ?? 0 }
            guard let delay = RetrySchedule.standard.delay(after: attempts, spread: .random(in: 0...1)) else {
                return die(.attempts, .exhausted, words, verdict.status, attempts, now)
            }
            park(.retry, now + max(delay, wait), attempts, verdict.status)
        }
    }

    private mutating func park(_ reason: DeliveryReason, _ due: Int64, _ attempts: Int, _ status: Int? = nil) {
        pause = DeliveryPause(key, for: reason, until: due, status: status, attempts: attempts)
    }

    private mutating func die(
        _ reason: DeliveryReason, _ death: Outcome.Death.Reason, _ words: String, _ status: Int?, _ attempts: Int,
        _ now: Int64
    ) {
        end = DeliveryEnd(key, .dead, reason: reason, status: status, attempts: attempts)
        let error = status.map { "\($0) \(words)" } ?? words
        let name = Self.name(of: key)
        letter = DeadLetters.Letter(
            partition: name.partition, number: name.number, key: key.user.description, value: Self.value(of: key),
            attempts: attempts, failedAt: key.notification.milliseconds,
            death: Outcome.Death(death, error, provider: provider))
    }

    // MARK: Dead letters

    /// Several receivers and devices share a notification's id, and ids differ in few of their bits: only a hash of all three tells
    /// millions of letters apart.
    static func name(of key: DeliveryKey) -> (partition: Int, number: Int64) {
        let hash = Crypto.sha256(Array("\(key.user)/\(key.device)/\(key.notification)".utf8))
        let partition = hash[0..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let number = hash[4..<12].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return (Int(partition >> 1), Int64(number >> 1))
    }

    private static func value(of key: DeliveryKey) -> [UInt8] {
        let json: JSONValue = [
            "user": .string(key.user.description), "device": .string(key.device.description),
            "notification": .string(key.notification.description),
        ]
        return Array(json.text.utf8)
    }

    /// `nil` for what `value` does not make.
    static func key(of value: [UInt8]) -> DeliveryKey? {
        guard let json = try? JSONValue.parse(value).object, let user = json["user"]?.string.flatMap({ ID($0) }),
            let device = json["device"]?.string.flatMap({ ID($0) }),
            let notification = json["notification"]?.string.flatMap({ ID($0) })
        else { return nil }
        return DeliveryKey(user: user, device: device, notification: notification)
    }
}

extension Device {
    var provider: PushProvider {
        switch target {
        case .webPush: .webPush
        case .apns: .apns
        case .fcm: .fcm
        case .webhook: .webhook
        }
    }
}
