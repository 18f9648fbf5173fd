import Core
import Push
import PushDelivery
import TestSupport
import Testing

/// Over real sockets, to the sink.
@Suite(.serialized) struct DeliveryTests {
    @Test func allFourArrive() async throws {
        let stage = try await Stage()
        try await withSender(stage.options()) { sender in
            let payload = Array(#"{"aps":{"alert":"hello"}}"#.utf8)
            let webPush = WebPushAccount(try stage.vapid(), name: "vapid", sender: sender)
            let browser = await webPush.send(
                try WebPushMessage(payload: payload, timeToLive: 60, topic: "a"), to: try stage.subscription(),
                device: "browser")
            #expect(browser.verdict?.status == 201)

            let apns = APNsAccount(
                try stage.apnsKey(), sender: sender, hosts: .init(all: stage.address))
            let token = try stage.ask("POST", "/devices/apns")["token"]?.string ?? ""
            let phone = await apns.send(
                try APNsMessage(payload: payload, id: "123e4567-e89b-12d3-a456-42665544000a", expires: 0),
                to: try APNsDevice(token: token, topic: stage.text("apns", "topic")), device: "phone")
            #expect(phone.verdict?.status == 200)

            let fcm = FCMAccount(try stage.serviceAccount(), sender: sender, host: stage.address)
            let name = try stage.ask("POST", "/devices/fcm")["token"]?.string ?? ""
            let android = try await fcm.send(
                try FCMMessage(data: [("a", "b")], timeToLive: 60), to: try FCMDevice(token: name), device: "android")
            #expect(android.verdict?.status == 200)

            let (endpoint, signer) = try stage.webhook("hook")
            let hook = await sender.send(webhookMessage(), to: endpoint, signer: signer, device: "hook")
            #expect(hook.verdict?.status == 204)

            let all = try stage.received()
            #expect(all.map { $0["provider"]?.string } == ["webpush", "apns", "fcm", "webhook"])
            #expect(all.allSatisfy { $0["http"]?.integer == 2 && $0["payload"]?.object != nil })
            #expect(all[0]["payload"]?.object?["aps"]?.object?["alert"]?.string == "hello")
            let state = try await sender.state()
            #expect(state.connectionsOpened == 1 && state.inFlight == 0 && state.circuitsOpen == 0)
        }
    }

    /// Each status of each provider ends in its class, over the wire.
    @Test func theWholeTable() async throws {
        let stage = try await Stage()
        let clock = ManualClock(milliseconds: OutcomeRow.now)
        try await withSender(stage.options(), clock: clock) { sender in
            let rows = OutcomeTable.all.filter { (200...599).contains($0.status) && $0.body.utf8.count <= 16_384 }
            #expect(rows.count > 130)
            for (index, row) in rows.enumerated() {
                var step = JSONObject([("status", .integer(Int64(row.status)))])
                if ![204, 304].contains(row.status) { step.set("body", .string(row.body)) }
                step.set("headers", .object(JSONObject(row.headers.map { ($0.name, .string($0.value)) })))
                try stage.play(row.provider, [.object(step)])
                // Another credential each time: the circuits of those before are open.
                let route = PushRoute(row.provider, credential: "c\(index)", host: stage.host, device: "d\(index)")
                let result = await sender.send(Self.request(row.provider, stage), on: route)
                #expect(result.outcome == row.outcome && result.verdict?.scope == row.scope, "\(row)")
                if ![204, 304].contains(row.status) { #expect(result.verdict?.reason == row.verdict.reason, "\(row)") }
                let next = await sender.send(Self.request(row.provider, stage), on: route)
                if let held = Self.held(row) {
                    #expect(next.wait == held, "\(row)")
                } else {
                    #expect(next.verdict != nil, "\(row)")
                }
            }
            let state = try await sender.state()
            #expect(state.connectionsOpened == 1 && state.circuitsOpen > 30)
        }
    }

    /// How long nothing may be sent on the same route after a row; `nil`: at once.
    private static func held(_ row: OutcomeRow) -> Int64? {
        switch row.outcome {
        case .credentialRefused, .deviceRefused: 30_000
        case .throttled(let wait): row.scope == .device ? nil : wait
        case .temporary(let wait?): row.scope == .device || wait == 0 ? nil : wait
        default: nil
        }
    }

    private static func request(_ provider: PushProvider, _ stage: Stage) -> PushRequest {
        let path =
            switch provider {
            case .webPush: "/push/x"
            case .apns: "/3/device/x"
            case .fcm: "/v1/projects/p/messages:send"
            case .webhook: "/hooks/x"
            }
        return PushRequest(url: stage.address + path, headers: [], body: Array("{}".utf8))
    }

    @Test func retryAfterIsObeyed() async throws {
        let stage = try await Stage()
        let clock = ManualClock(milliseconds: 1_800_000_000_000)
        try await withSender(stage.options(), clock: clock) { sender in
            let route = PushRoute(.webPush, credential: "v", host: stage.host, device: "d")
            let request = Self.request(.webPush, stage)
            for (text, wait) in [("7", 7000), ("0.25", 1000), ("1.5", 1500), ("Fri, 15 Jan 2027 08:01:00 GMT", 50_500)]
                as [(String, Int64)]
            {
                try stage.play(.webPush, [["status": 429, "headers": ["Retry-After": .string(text)]]])
                let first = await sender.send(request, on: route)
                #expect(first.outcome == .throttled(wait: wait), "\(text)")
                _ = try stage.received()
                clock.advance(milliseconds: wait - 1)
                let early = await sender.send(request, on: route)
                #expect(early.wait == 1, "\(text)")
                #expect(try stage.received().isEmpty)
                clock.advance(milliseconds: 1)
                let second = await sender.send(request, on: route)
                #expect(second.outcome == .deviceGone(since: nil))
            }
        }
    }

    /// A crowd asks for one access token; one that has ended is replaced, once.
    @Test func oneTokenForAll() async throws {
        let stage = try await Stage()
        try await withSender(stage.options()) { sender in
            let account = FCMAccount(try stage.serviceAccount(), sender: sender, host: stage.address)
            let device = try FCMDevice(token: stage.ask("POST", "/devices/fcm")["token"]?.string ?? "")
            let message = try FCMMessage(timeToLive: 60)
            func send(_ count: Int) async throws -> [PushOutcome?] {
                try await withThrowingTaskGroup(of: PushOutcome?.self) { group in
                    for _ in 0..<count {
                        group.addTask { try await account.send(message, to: device, device: "d").outcome }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
            }
            func tokens() throws -> Int {
                let list = try stage.ask("GET", "/received")["received"]?.array ?? []
                try stage.ask("DELETE", "/received")
                return list.count { $0.object?["path"]?.string == "/token" }
            }
            #expect(try await send(50).allSatisfy { $0 == .delivered })
            #expect(try tokens() == 1)
            try stage.play(.fcm, [["status": 401, "body": ["error": ["status": "UNAUTHENTICATED"]]]])
            #expect(try await send(1) == [.delivered])
            #expect(try tokens() == 1)
            // Google has none for now: nothing is said of the account.
            try stage.play(
                .fcm, [["status": 401, "body": ["error": ["status": "UNAUTHENTICATED"]]], ["status": 503]])
            #expect(try await send(1) == [nil])
            #expect(try await sender.state().circuits.allSatisfy { $0.cause != "refused" })
        }
    }

    /// Apple takes no other token so soon: the team's circuit opens, and nobody is asked.
    @Test func aTokenThatAppleRefuses() async throws {
        let stage = try await Stage()
        try await withSender(stage.options()) { sender in
            let account = APNsAccount(try stage.apnsKey(), sender: sender, hosts: .init(all: stage.address))
            let device = try APNsDevice(
                token: stage.ask("POST", "/devices/apns")["token"]?.string ?? "", topic: stage.text("apns", "topic"))
            let message = try APNsMessage(
                payload: Array(#"{"aps":{}}"#.utf8), id: "123e4567-e89b-12d3-a456-42665544000a", expires: 0)
            try stage.play(.apns, [["status": 403, "body": ["reason": "ExpiredProviderToken"]]])
            let first = await account.send(message, to: device, device: "d")
            #expect(first.outcome == .credentialRefused(renews: true))
            let second = await account.send(message, to: device, device: "e")
            #expect(second.holder == .credential(.apns, "SINKTEAM01/SINKKEY001"))
            #expect(try stage.received().count == 1)
            let circuits = try await sender.state().circuits
            #expect(circuits.map(\.cause) == ["refused"] && circuits[0].wait > 29_000)
        }
    }
}

extension PushResult {
    var holder: CircuitKey? {
        if case .held(_, let key) = self { key } else { nil }
    }

    var wait: Int64? {
        if case .held(let wait, _) = self { wait } else { nil }
    }
}
