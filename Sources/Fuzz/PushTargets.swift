import Core
import Crypto
import Push
import TestSupport

/// What push services and webhooks respond: a status, headers and a body, a line each, and the body behind an empty line.
extension FuzzTarget {
    private static let now: Int64 = 1_800_000_000_000
    /// An account that has asked for a token and waits.
    private static let waiting: FCMAccess = {
        let file: JSONValue = [
            "type": "service_account", "project_id": "p", "private_key_id": "k", "client_email": "a@b",
            "token_uri": "https://id.example/token", "private_key": .string(PrivateKeys.rsa),
        ]
        guard let account = try? ServiceAccount(Array(file.text.utf8)) else { preconditionFailure("the key is good") }
        var access = FCMAccess(account)
        _ = access.next(now: now)
        return access
    }()

    private static func response(_ input: [UInt8]) -> PushResponse {
        let end = input.indices.first { input[$0] == 10 && ($0 == 0 || input[$0 - 1] == 10) }
        var headers: [PushHeader] = []
        var status: Int?
        for line in input[..<(end ?? input.count)].split(separator: 10) {
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1).map {
                String(decoding: $0, as: UTF8.self)
            }
            if status == nil { status = Int(parts.first ?? "") ?? 400 }
            if parts.count == 2 { headers.append(PushHeader(parts[0], parts[1])) }
        }
        return PushResponse(status: status ?? 0, headers: headers, body: end.map { Array(input[($0 + 1)...]) } ?? [])
    }

    static let pushResponse = FuzzTarget(
        "push-response",
        words: [
            "200\n", "400\n", "401\n", "403\n", "404\n", "410\n", "429\n", "503\n", "retry-after:", "\n\n", "120",
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 ", "\"reason\":", "\"errno\":202", "\"timestamp\":1",
            "\"Unregistered\"", "\"BadDeviceToken\"", "\"ExpiredProviderToken\"", "\"TooManyProviderTokenUpdates\"",
            "\"error\":{", "\"status\":", "\"details\":[", "\"@type\":\"google.firebase.fcm.v1.FcmError\"",
            "\"@type\":\"google.rpc.BadRequest\"", "\"errorCode\":\"UNREGISTERED\"", "\"fieldViolations\":[",
            "\"field\":\"message.token\"", "\"access_token\":\"a\"", "\"expires_in\":3600", "\"token_type\":\"Bearer\"",
        ], leastAccepted: 10,
        timed: Timed(.pool) { input, watch in
            let response = response(input)
            for provider in PushProvider.allCases { _ = watch.time { provider.verdict(of: response, now: now) } }
            var access = waiting
            _ = watch.time { access.received(response, now: now) }
        }
    ) { input, _ throws(Finding) in
        let response = response(input)
        for provider in PushProvider.allCases {
            let verdict = provider.verdict(of: response, now: now)
            try require(provider.verdict(of: response, now: now) == verdict, "a response means two things")
            try checkVerdict(verdict, of: response, provider)
        }
        var access = waiting
        let verdict = access.received(response, now: now)
        switch access.next(now: now) {
        case .use(let token):
            try require(verdict.outcome == .delivered && response.status == 200, "a token came of a refusal")
            try require(
                (1...4096).contains(token.utf8.count) && token.utf8.allSatisfy { 0x20...0x7e ~= $0 }, "no token")
        case .wait(let until):
            try require(verdict.outcome != .delivered, "a token was given and is not there")
            try require((now + 1000...now + RetryAfter.longest).contains(until), "it waits until \(until)")
        case .ask: throw Finding("it asks again at once")
        }
        return response.status != 0 && (try? JSONValue.parse(response.body).object) != nil
    }

    private static func checkVerdict(
        _ verdict: PushVerdict, of response: PushResponse, _ provider: PushProvider
    ) throws(Finding) {
        let status = response.status
        try require((verdict.outcome == .delivered) == (200..<300).contains(status), "\(status) is success, or is not")
        switch verdict.outcome {
        case .deviceGone:
            let ends: [Int] =
                switch provider {
                case .webPush: [404, 410]
                case .apns: [400, 410]
                case .fcm: [400, 403, 404]
                case .webhook: [410]
                }
            try require(ends.contains(status), "a device ends by \(status)")
        case .throttled(let wait): try require((1000...RetryAfter.longest).contains(wait), "throttled for \(wait)")
        case .temporary(let wait):
            try require((0...RetryAfter.longest).contains(wait ?? 0), "it waits \(wait ?? 0)")
        default: break
        }
        let isHarmless =
            verdict.reason.map { $0.unicodeScalars.count <= 65 && !$0.unicodeScalars.contains { $0.value < 32 } }
            ?? true
        try require(isHarmless, "a reason that controls a terminal")
    }

    // MARK: Webhooks

    private static let secret = (try? WebhookSecret("whsec_" + Base64.encode(fuzzKey)))!
    private static let signingKey = (try? WebhookKey("whsk_" + Base64.encode(fuzzKey)))!
    private static let verifier =
        (try? WebhookVerifier(secrets: [secret], publicKeys: [signingKey.publicKey]))!
    private static let signer = WebhookSigner(secret, keys: [signingKey])
    private static let endpoint = (try? WebhookEndpoint("https://hooks.example/"))!
    private static let mintedBody = Array(#"{"a":1}"#.utf8)
    private static let mintedWebhook = signed(mintedBody)

    /// Id, time and signature, a line each, and the body.
    private static func signed(_ body: [UInt8]) -> [UInt8] {
        guard let message = try? WebhookMessage(id: "msg_1", payload: body) else { return [] }
        let request = message.request(to: endpoint, signer: signer, now: now)
        let lines = ["webhook-id", "webhook-timestamp", "webhook-signature"].map {
            request.headers.first(named: $0) ?? ""
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8) + body
    }

    private static func parts(_ input: [UInt8]) -> (headers: [PushHeader], body: [UInt8]) {
        let parts = input.split(separator: 10, maxSplits: 3, omittingEmptySubsequences: false)
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        return (
            zip(names, parts).map { PushHeader($0, String(decoding: $1, as: UTF8.self)) },
            parts.count == 4 ? Array(parts[3]) : []
        )
    }

    private static func isGood(_ input: [UInt8]) -> Bool {
        let (headers, body) = parts(input)
        return (try? verifier.check(headers: headers, body: body, now: now / 1000)) != nil
    }

    static let webhook = FuzzTarget(
        "webhook",
        words: ["v1,", "v1a,", "v1a", " ", "\n", ".", "msg_1", "1800000000", "==", "=", "{}", "0"],
        minted: [mintedWebhook], leastAccepted: 10, cost: 4,
        timed: Timed(.pool) { input, watch in _ = watch.time { isGood(input) } }
    ) { input, _ throws(Finding) in
        let own = signed(input)
        if !own.isEmpty {
            try require(isGood(own), "what was signed is refused")
            var other = own
            other[own.count - 1 - Int(fingerprint(input) % UInt64(input.count))] ^= 1
            try require(!isGood(other), "an altered message is accepted")
        }
        guard isGood(input) else { return false }
        let (headers, body) = parts(input)
        let content = headers[0].value + "." + headers[1].value + "."
        try require(
            Array(content.utf8) + body == Array("msg_1.1800000000.".utf8) + mintedBody, "a forged message is accepted")
        return true
    }

    // MARK: Keys, subscriptions and encrypted bodies

    /// The examples of RFC 8291, section 5, and RFC 8292, section 2.4: what is made here is another thing in each run.
    private static let browser = P256Key(scalar: Base64URL.decode("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")!)!
    private static let browserAuth = "BTBZMqHH6r4Tts7J_aSIgg"
    private static let encrypted = Base64URL.decode(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
            + "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")!
    private static let sender =
        "t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3Njgs"
        + "InN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNj"
        + "jvW2L9OkSSHzvoD1oA"
    private static let authorization =
        "vapid \(sender), k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"

    /// The head's size of records is in nothing that is signed.
    private static func isTheExample(_ input: [UInt8]) -> Bool {
        input.count == encrypted.count && input[..<16] == encrypted[..<16] && input[20...] == encrypted[20...]
    }

    private static func opens(_ input: [UInt8]) -> Bool {
        WebPushEncryption.decrypt(input, by: browser, auth: Base64URL.decode(browserAuth)!) != nil
    }

    private static func isSender(_ header: String) -> Bool {
        (try? VAPIDAuthorization(header).check(audience: "https://push.example.net", now: 1_453_523_767)) != nil
    }

    static let pushKeys = FuzzTarget(
        "push-keys",
        words: [
            "whsec_", "whsk_", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "https://", "\n", "=",
            "vapid ",
            "t=", ",k=", ".", "\"private_key\":", "\\n", "@", "localhost",
        ],
        minted: [
            encrypted, Array(authorization.utf8), Array(secret.text.utf8), Array(signingKey.text.utf8),
            Array(
                "https://push.example/1\n\(Base64URL.encode(browser.publicKey.bytes))\n\(browserAuth)"
                    .utf8),
            Array(PrivateKeys.p256.utf8),
        ], leastAccepted: 10, cost: 10,
        timed: Timed(.pool) { input, watch in
            // Keys and accounts are the operator's, and are read once.
            let text = String(decoding: input, as: UTF8.self)
            _ = watch.time { isSender(text) }
            _ = watch.time { opens(input) }
        }
    ) { input, _ throws(Finding) in
        let text = String(decoding: input, as: UTF8.self)
        if let secret = try? WebhookSecret(text) {
            try require(secret.text.isExactly(text), "a secret is read as another")
        }
        let key = try? WebhookKey(text)
        if let key { try require(key.text.hasPrefix(text.dropLast(2)), "a key is read as another") }
        let vapid = try? VAPIDKey(text, contact: "mailto:a@example.com")
        if let vapid { try require(Base64URL.decode(vapid.publicKey)?.count == 65, "a key without its public half") }
        let account = try? ServiceAccount(input)
        if opens(input) { try require(isTheExample(input), "a forged message opens") }
        let isSender = isSender(text)
        if isSender { try require(text.contains(sender), "a forged token is accepted") }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var subscribed: WebPushSubscription?
        if lines.count == 3 {
            subscribed = try? WebPushSubscription(endpoint: lines[0], p256dh: lines[1], auth: lines[2])
        }
        if let subscribed {
            try require(
                subscribed.audience.hasPrefix("https://")
                    && subscribed.endpoint.utf8.allSatisfy { $0 > 32 && $0 < 127 },
                "an address that is not https is taken")
        }
        return key != nil || vapid != nil || account != nil || isSender || subscribed != nil || input == encrypted
    }
}
