import Core
import Glibc
import Runtime
import Testing

@testable import Sockets

/// What one client may have of a server's connections and memory, and what is left for the others.
@Suite struct ShareTests {
    // MARK: Connections

    /// Silent ones of one address leave as many for everybody else.
    @Test func anAddressHasAsManyConnectionsAsAreFree() async throws {
        let (own, other) = try await withServer(.with { $0.maxConnections = 20 }) { server in
            var crowd: [TestClient] = []
            for _ in 0..<25 { crowd.append(try TestClient(port: server.port)) }
            // All that came before it have been counted when it is answered.
            let own = try [TestClient(port: server.port), TestClient(port: server.port, from: "127.0.0.2")].map {
                $0.get("/")
                return try $0.answer().status
            }
            var others: [TestClient] = []
            for _ in 0..<8 { others.append(try TestClient(port: server.port, from: "127.0.0.3")) }
            let other = try others.map {
                $0.get("/")
                return try $0.answer().status
            }
            return (own, other.count { $0 == 200 })
        }
        #expect(own == [503, 200])
        // The one before may not have gone yet.
        #expect(other == 4 || other == 5)
    }

    /// Six addresses, one after the other, hold every place; each that comes then gets one of those of the first.
    @Test func thereIsAPlaceForTheNext() async throws {
        let before = SocketMetrics.shared.pushedOut.count
        let (late, own) = try await withServer(.with { $0.maxConnections = 40 }) { server in
            var crowd: [TestClient] = []
            for number in 1...6 {
                for _ in 0..<30 { crowd.append(try TestClient(port: server.port, from: "127.0.1.\(number)")) }
                // All that came before it have been counted then.
                crowd[crowd.count - 1].get("/")
                _ = try? crowd[crowd.count - 1].answer()
            }
            var late: [TestClient] = []
            let statuses = try (1...10).map {
                late.append(try TestClient(port: server.port, from: "127.0.2.\($0)"))
                late[$0 - 1].get("/")
                return try late[$0 - 1].answer().status
            }
            // And they keep it.
            let again = try late.map {
                $0.get("/")
                return try $0.answer().status
            }
            withExtendedLifetime(crowd) {}
            return (statuses, again)
        }
        #expect(late == Array(repeating: 200, count: 10) && own == late)
        #expect(SocketMetrics.shared.pushedOut.count - before >= 8)
    }

    /// First those whose peers don't read, then idle ones, then those that are at work.
    @Test func idleConnectionsGoBeforeBusyOnes() async throws {
        let (stream, other) = try await withServer(
            .with { $0.maxConnections = 12 },
            { handler in
                handler.onRequest = { request, exchange in
                    guard request.path == "/stream" else { return exchange.respond(HTTPResponse(status: 200)) }
                    _ = exchange.stream(status: 200, headers: [])
                }
            }
        ) { server in
            let stream = try TestClient(port: server.port)
            stream.get("/stream")
            _ = try stream.takeHead()
            var crowd: [TestClient] = []
            for number in 1...4 {
                for _ in 0..<8 {
                    crowd.append(try TestClient(port: server.port, from: number == 1 ? nil : "127.0.1.\(number)"))
                }
            }
            var late: [TestClient] = []
            for number in 1...3 {
                late.append(try TestClient(port: server.port, from: "127.0.2.\(number)"))
                late[number - 1].get("/")
            }
            let statuses = try late.map { try $0.answer().status }
            var byte: UInt8 = 0
            let isOpen = recv(stream.descriptor, &byte, 1, Int32(MSG_DONTWAIT)) < 0 && errno == EAGAIN
            withExtendedLifetime(crowd) {}
            return (isOpen, statuses)
        }
        #expect(stream)
        #expect(other == [200, 200, 200])
    }

    /// Those that get no place take none: however many come, the others are served.
    @Test func aFloodOfRefusedConnectionsTakesNoPlace() async throws {
        let status = try await withServer(.with { $0.maxConnections = 20 }) { server in
            var crowd: [TestClient] = []
            for _ in 0..<300 { crowd.append(try TestClient(port: server.port)) }
            let other = try TestClient(port: server.port, from: "127.0.0.2")
            other.get("/")
            return try other.answer().status
        }
        #expect(status == 200)
    }

    /// Each client of a proxy has a share, for as long as the connection carries what it asked for.
    @Test func clientsBehindAProxyCountByThemselves() async throws {
        let (streams, greedy, modest, again) = try await withServer(
            .with { $0.maxConnections = 20 },
            { handler in
                handler.proxies = ["127.0.0.1"]
                handler.onRequest = { request, exchange in
                    if request.path == "/stream" {
                        _ = exchange.stream(status: 200, headers: [])
                    } else {
                        exchange.respond(HTTPResponse(status: 200))
                    }
                }
            }
        ) { server in
            var streams: [TestClient] = []
            for _ in 0..<11 {
                let client = try TestClient(port: server.port)
                client.get("/stream", "Client: 192.0.2.1\r\n")
                streams.append(client)
            }
            let statuses = try streams.map { try $0.takeHead().status }
            let proxy = try TestClient(port: server.port)
            func status(_ client: String) throws -> Int {
                proxy.get("/", "Client: \(client)\r\n")
                return try proxy.answer().status
            }
            let (greedy, modest) = (try status("192.0.2.1"), try status("192.0.2.2"))
            streams = []
            var again = 503
            try eventually("room") {
                again = (try? status("192.0.2.1")) ?? 0
                return again == 200
            }
            return (statuses, greedy, modest, again)
        }
        #expect(streams.filter { $0 == 200 }.count == 9 || streams.filter { $0 == 200 }.count == 10)
        #expect(streams.contains(503))
        #expect(greedy == 503)
        #expect(modest == 200)
        #expect(again == 200)
    }

    // MARK: Memory

    /// Answers of 100 KB that nobody reads: an address has half of the budget for them, and loses what is beyond.
    @Test func unreadAnswersHaveALimit() async throws {
        let budget = ByteBudget(total: 2_000_000)
        let (held, others, left) = try await withServer(
            .with { $0.budget = budget },
            { handler in
                handler.onRequest = { _, exchange in
                    exchange.respond(HTTPResponse(status: 200, body: [UInt8](repeating: 120, count: 100_000)))
                }
            }
        ) { server in
            var crowd: [TestClient] = []
            for _ in 0..<30 {
                let client = try TestClient(port: server.port, receiveBuffer: 4096)
                client.get("/")
                crowd.append(client)
            }
            let other = try TestClient(port: server.port, from: "127.0.0.2")
            other.get("/")
            let others = try other.answer().body.count
            // The client may have all before lws tells that it has gone.
            try eventually("the other's bytes back") { budget.used <= 1_000_000 }
            let held = budget.used
            crowd = []
            try eventually("the budget back") { budget.used == 0 }
            return (held, others, budget.used)
        }
        #expect(held > 800_000 && held <= 1_000_000)
        #expect(others == 100_000)
        #expect(left == 0)
    }

    /// One address has near half of the budget for what it doesn't read, and others have the rest. For another who wants
    /// some, connections of the first are closed, and nobody else's.
    @Test func thereAreBytesForTheNext() async throws {
        let budget = ByteBudget(total: 2_000_000)
        try await withServer(
            .with { $0.budget = budget },
            { handler in
                handler.onRequest = { request, exchange in
                    var response = HTTPResponse(status: 200, body: [UInt8](repeating: 120, count: 100_000))
                    response.held = budget.take(101_000, for: .init(address: IPAddress(request.remoteAddress)))
                    exchange.respond(response.held == nil ? HTTPResponse(status: 503) : response)
                }
            }
        ) { server in
            func ask(from source: String, receiveBuffer: Int32? = nil) throws -> TestClient {
                let client = try TestClient(port: server.port, receiveBuffer: receiveBuffer, from: source)
                client.get("/")
                return client
            }
            let crowd = try (1...12).map { _ in try ask(from: "127.0.1.1", receiveBuffer: 4096) }
            try eventually("the crowd") { budget.used > 900_000 }
            let modest = try ask(from: "127.0.1.2", receiveBuffer: 4096)
            try eventually("its bytes") { budget.used > 1_000_000 }
            let rest = budget.take(budget.total - budget.used - 50_000, for: .init(address: nil))
            #expect(rest != nil)
            let other = try TestClient(port: server.port, from: "127.0.1.3")
            var statuses: [Int] = []
            try eventually("room") {
                other.get("/")
                statuses.append((try? other.answer().status) ?? 0)
                return statuses.last == 200
            }
            #expect(statuses.first == 503)
            #expect(try modest.answer().body.count == 100_000)
            // Two connections were enough, and no more were closed.
            #expect(budget.used > 1_600_000)
            withExtendedLifetime((crowd, rest)) {}
        }
    }

    /// What was taken before the work is kept for the answer, as much of it as the answer needs.
    @Test func whatWasTakenBeforeIsKeptForTheAnswer() async throws {
        let budget = ByteBudget(total: 2_000_000)
        let holder = FairShare.Holder(address: nil, user: ID(raw: 7))
        let held = try await withServer(
            .with { $0.budget = budget },
            { handler in
                handler.onRequest = { _, exchange in
                    var response = HTTPResponse(status: 200, body: [UInt8](repeating: 120, count: 300_000))
                    response.held = budget.take(400_000, for: holder)
                    exchange.respond(response)
                }
            }
        ) { server in
            let client = try TestClient(port: server.port, receiveBuffer: 4096)
            client.get("/")
            try eventually("the answer") { budget.used > 0 && budget.used < 400_000 }
            let held = budget.used
            _ = try client.answer()
            try eventually("the budget back") { budget.used == 0 }
            return held
        }
        #expect(held > 300_000 && held < 301_000)
    }

    /// A stream whose bytes can't be had is closed: its client comes back and is told what it missed.
    @Test func aStreamBeyondItsShareIsClosed() async throws {
        let budget = ByteBudget(total: 1_000_000)
        let record = Record()
        try await withServer(
            .with { $0.budget = budget },
            { handler in
                handler.onRequest = { _, exchange in
                    let stream = exchange.stream(status: 200, headers: [])
                    stream.onClosed = { record.add("\($0)") }
                    let piece = [UInt8](repeating: 120, count: 700_000)
                    stream.onDrained = nil
                    if !stream.isBacklogged { piece.withUnsafeBytes(stream.write) }
                }
            }
        ) { server in
            let client = try TestClient(port: server.port, receiveBuffer: 4096)
            client.get("/")
            try eventually("the end") { !record.all.isEmpty }
            try eventually("the budget back") { budget.used == 0 }
        }
        #expect(record.all == ["stalled"])
    }

    /// Of a body that is to come all is taken at once. Who has no room for it is told before it is sent.
    @Test(arguments: ["", "Expect: 100-continue\r\n"])
    func aBodyIsTakenBeforeItComes(field: String) async throws {
        let budget = ByteBudget(total: 100_000)
        let (first, second, other) = try await withServer(.with { $0.budget = budget }) { server in
            func post(_ length: Int, from source: String? = nil) throws -> TestClient {
                let client = try TestClient(port: server.port, from: source)
                client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(length)\r\n\(field)\r\n")
                return client
            }
            let first = try post(40_000)
            try eventually("its bytes") { budget.used > 40_000 }
            let second = try post(20_000).takeHead().status
            let other = try post(20_000, from: "127.0.0.2")
            try eventually("the other's bytes") { budget.used > 60_000 }
            if !field.isEmpty { _ = try (first.takeHead(), other.takeHead()) }
            for (client, length) in [(first, 40_000), (other, 20_000)] {
                client.send([UInt8](repeating: 120, count: length))
            }
            let statuses = (try first.answer().status, second, try other.answer().status)
            try eventually("the budget back") { budget.used == 0 }
            return statuses
        }
        #expect(first == 200 && second == 503 && other == 200)
    }
}
