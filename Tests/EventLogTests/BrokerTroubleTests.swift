import CLibrdkafka
import Testing

@testable import EventLog

struct BrokerTroubleTests {
    private static let second: UInt64 = 1_000_000_000

    private func trouble(_ codes: rd_kafka_resp_err_t...) -> BrokerTrouble {
        var trouble = BrokerTrouble(given: 2)
        for code in codes { trouble.note(code, "\(code.rawValue)", now: Self.second) }
        return trouble
    }

    @Test func oneOfSeveralDoesNotEndTheStart() {
        let one = trouble(RD_KAFKA_RESP_ERR__SSL)
        #expect(one.verdict(since: 0, now: 2 * Self.second) == nil)
        // Nobody answered for some seconds.
        #expect(one.verdict(since: 0, now: 6 * Self.second)?.isTemporary == false)
        // Of trouble from before the question, too.
        #expect(one.verdict(since: 6 * Self.second, now: 7 * Self.second) == nil)
    }

    @Test func allOfThemEndItAtOnce() {
        let all = trouble(RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        #expect(all.verdict(since: Self.second, now: Self.second)?.isTemporary == false)
        #expect(all.last?.isTemporary == false, "the reason, not that all are down")
    }

    @Test func thoseThatWereDownBeforeMayBeUp() {
        let some = trouble(RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__SSL)
        #expect(some.verdict(since: 0, now: 2 * Self.second) == nil)
    }

    @Test func theFirstRefusalMayLookLikeALostConnection() {
        var trouble = trouble(RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        let refused = { (name: String) in
            trouble.note(RD_KAFKA_RESP_ERR__SSL, "ssl://\(name): SSL handshake failed", now: Self.second)
            return trouble.verdict(since: 0, now: 2 * Self.second)
        }
        #expect(refused("a:9092/bootstrap") == nil)
        #expect(refused("a:9092/bootstrap") == nil, "the same one again")
        #expect(refused("c:9092/3") == nil, "one that another told of")
        #expect(refused("b:9092/bootstrap")?.isTemporary == false)
    }

    @Test func whatPassesEndsNothing() {
        let down = trouble(RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        #expect(down.verdict(since: 0, now: 100 * Self.second) == nil)
        #expect(down.last != nil)
    }
}
