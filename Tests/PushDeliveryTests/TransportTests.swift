import Core
import Push
import PushDelivery
import Testing

/// Connections that break, servers that are slow, addresses that nothing may be sent to.
@Suite(.serialized) struct TransportTests {
    private func send(
        _ count: Int, _ sender: PushSender, _ hook: (endpoint: WebhookEndpoint, signer: WebhookSigner)
    ) async -> [PushResult] {
        await withTaskGroup(of: PushResult.self) { group in
            for index in 0..<count {
                group.addTask {
                    await sender.send(
                        webhookMessage("m\(index)"), to: hook.endpoint, signer: hook.signer, device: "d\(index)")
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// 200 at a time, each of which takes 200 ms, over few connections.
    @Test func manyAtATimeOnOneConnection() async throws {
        let stage = try await Stage()
        try await withSender(stage.options()) { sender in
            let hook = try stage.webhook("h")
            #expect(await send(1, sender, hook).allSatisfy { $0.outcome == .delivered })
            try stage.play(.webhook, [["delay": 200, "times": 1000]])
            let began = monotonicNanoseconds()
            let results = await send(200, sender, hook)
            let took = (monotonicNanoseconds() - began) / 1_000_000
            #expect(results.allSatisfy { $0.outcome == .delivered })
            // 32 at a time at first; one after the other they would take 40 s.
            #expect(took >= 200 && took < 5000, "\(took) ms")
            #expect(try await sender.state().connectionsOpened == 1)
            #expect(try stage.received().allSatisfy { $0["http"]?.integer == 2 })
        }
    }

    /// What the server has not looked at is sent again, and arrives once.
    @Test(arguments: ["goaway", "refused"]) func whatWasNotProcessedIsSentAgain(_ how: String) async throws {
        let stage = try await Stage()
        try await withSender(stage.options()) { sender in
            let hook = try stage.webhook("h")
            _ = await send(1, sender, hook)
            _ = try stage.received()
            try stage.play(
                .webhook, [["delay": 20, "times": 10], ["close": .string(how)], ["delay": 20, "times": 100]])
            let results = await send(50, sender, hook)
            #expect(results.allSatisfy { $0.outcome == .delivered }, "\(results.filter { $0.outcome != .delivered })")
            let ids = try stage.received().compactMap { $0["id"]?.string }
            #expect(ids.count == 50 && Set(ids).count == 50)
        }
    }

    @Test func whatIsNeverProcessed() async throws {
        let stage = try await Stage()
        try await withSender(stage.options()) { sender in
            let hook = try stage.webhook("h")
            _ = await send(1, sender, hook)
            try stage.play(.webhook, [["close": "refused", "times": 1000]])
            let result = await send(1, sender, hook)[0]
            #expect(result.outcome == .temporary(wait: nil) && result.verdict?.reason == "not_processed")
        }
    }

    /// Nobody knows whether it arrived; so it is never sent again behind the caller's back, not even where the connection
    /// is one that was used before.
    @Test(arguments: ["before", "after"]) func aConnectionThatBreaks(_ when: String) async throws {
        let stage = try await Stage()
        try await withSender(stage.options()) { sender in
            let hook = try stage.webhook("h")
            for wasUsed in [false, true] {
                if wasUsed { _ = await send(1, sender, hook) }
                _ = try stage.received()
                try stage.play(.webhook, [["close": .string(when)]])
                let result = await send(1, sender, hook)[0]
                #expect(result.outcome == .ambiguous && result.verdict?.reason == "broken", "\(result)")
                #expect(try stage.received().count == 1)
            }
        }
    }

    @Test func slowOnesHoldUpNobodyElse() async throws {
        let stage = try await Stage()
        try await withSender(stage.options { $0.milliseconds = 700 }) { sender in
            let hook = try stage.webhook("h")
            _ = await send(1, sender, hook)
            try stage.play(.webhook, [["delay": 5000], ["delay": 400, "times": 1000]])
            let results = await send(20, sender, hook)
            let late = results.filter { $0.outcome == .ambiguous && $0.verdict?.reason == "timeout" }
            #expect(late.count == 1 && results.count { $0.outcome == .delivered } == 19, "\(results)")
            // The others of its connection were not cut off with it.
            #expect(try await sender.state().connectionsOpened == 1)
        }
    }

    @Test func privateAddresses() async throws {
        let stage = try await Stage()
        let hook = try stage.webhook("h")
        let port = stage.host.port
        try await withSender(stage.options { $0.exempt = [] }) { sender in
            for host in ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "0.0.0.0"] {
                let request = PushRequest(url: "https://\(host):\(port)/hooks/h", headers: [], body: [1])
                let route = PushRoute(.webhook, credential: "", host: Origin("https://\(host):\(port)")!, device: "d")
                let result = await sender.send(request, on: route)
                #expect(result.verdict?.reason == "forbidden_address", "\(host): \(result)")
                #expect(result.outcome == .temporary(wait: nil))
            }
            let state = try await sender.state()
            #expect(state.connectionsOpened == 0)
        }
        // A range that is named opens itself and no other; http needs one, too.
        try await withSender(stage.options { $0.exempt = [IPRange("10.0.0.0/8")!] }) { sender in
            let result = await send(1, sender, hook)[0]
            #expect(result.verdict?.reason == "forbidden_address")
        }
        try await withSender(stage.options { $0.exempt = [] }) { sender in
            let route = PushRoute(.webhook, credential: "", host: stage.host, device: "d")
            for url in ["http://example.com/", "ftp://example.com/", "file:///etc/passwd", "https://"] {
                let result = await sender.send(PushRequest(url: url, headers: [], body: [1]), on: route)
                if case .invalid = result {} else { Issue.record("\(url): \(result)") }
            }
        }
        #expect(try stage.received().isEmpty)
    }

    @Test func redirectsAreNotFollowed() async throws {
        let stage = try await Stage()
        try await withSender(stage.options()) { sender in
            let hook = try stage.webhook("h")
            let other = try stage.webhook("other")
            for status in [301, 302, 307, 308] {
                try stage.play(
                    .webhook,
                    [["status": .integer(Int64(status)), "headers": ["location": .string(other.endpoint.url)]]])
                let result = await send(1, sender, hook)[0]
                #expect(result.outcome == .temporary(wait: nil) && result.verdict?.status == status)
            }
            #expect(try stage.received().count == 4)
        }
    }

    @Test func certificatesAreChecked() async throws {
        let stage = try await Stage()
        try await withSender(stage.options { $0.authorities = nil }) { sender in
            let result = await send(1, sender, try stage.webhook("h"))[0]
            #expect(result.outcome == .temporary(wait: nil) && result.verdict?.reason == "unreachable")
        }
        try await withSender(stage.options()) { sender in
            // The certificate has no such name.
            let url = stage.address.replacing("localhost", with: "127.0.0.2") + "/hooks/h"
            let route = PushRoute(.webhook, credential: "", host: Origin("https://127.0.0.2")!, device: "d")
            let result = await sender.send(PushRequest(url: url, headers: [], body: [1]), on: route)
            #expect(result.verdict?.reason == "unreachable")
        }
        #expect(try stage.received().isEmpty)
    }

    @Test func theEnd() async throws {
        let stage = try await Stage()
        let sender = PushSender(stage.options { $0.ofHost = 5 })
        let hook = try stage.webhook("h")
        _ = await send(1, sender, hook)
        try stage.play(.webhook, [["delay": 5000, "times": 1000]])
        async let results = send(20, sender, hook)
        while try await sender.state().inFlight < 5 { try await Task.sleep(nanoseconds: 5_000_000) }
        // They are at the sink, or on the way.
        while try stage.ask("GET", "/received")["received"]!.array!.count < 6 {}
        sender.stop()
        let all = await results
        #expect(all.count { $0.outcome == .ambiguous } == 5 && all.count { $0 == .ended } == 15, "\(all)")
        #expect(await send(1, sender, hook) == [.ended])
    }
}
