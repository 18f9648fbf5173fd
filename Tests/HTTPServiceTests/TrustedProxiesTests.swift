import Core
import Sockets
import Testing

@testable import HTTPService

/// Whose limits count a request that comes through proxies.
struct TrustedProxiesTests {
    private static let client = "203.0.113.7"
    private let proxies = TrustedProxies(
        ["127.0.0.0/8", "10.7.0.0/16", "2001:db8:ffff::/48"].map { IPRange($0)! })

    private func request(_ forwarded: [String], from peer: String = "127.0.0.1") -> HTTPRequest {
        HTTPRequest("GET", "/", headers: forwarded.map { ("X-Forwarded-For", $0) }, remoteAddress: peer)!
    }

    /// The last address that is no trusted proxy's counts, however it is written and whatever comes before it.
    @Test(arguments: [
        "\(client)", "\(client):4711", "1.2.3.4 ,\t\(client)", "::ffff:\(client)", "[::ffff:\(client)]:80",
        "1.2.3.4, \(client)", "1.2.3.4, \(client), 10.7.1.2", "\(client), 127.0.0.9,10.7.9.9",
        "\(client), ::ffff:10.7.0.1", "\(client), [2001:db8:ffff:1::7]:443", "garbage, \(client)", ", \(client)",
        "\"a, b\", \(client)", "\(client),", "\(client),,",
    ]) func oneAddressInManySpellings(_ header: String) {
        let request = request([header])
        #expect(proxies.callerAddress(of: request) == IPAddress(Self.client)!.customer)
        #expect(proxies.client(of: request) == IPAddress(Self.client))
    }

    @Test func severalHeadersAreOneList() {
        #expect(proxies.client(of: request(["1.2.3.4", Self.client, "10.7.1.1"])) == IPAddress(Self.client))
    }

    /// What comes before an entry that can't be read is the proxy's own.
    @Test(arguments: [
        "unknown", "\(client), unknown", "\(client), _hidden, 10.7.0.1", "", "10.7.0.1", "\(client), 1.2.3",
    ])
    func whereNobodyIsNamed(_ header: String) { #expect(proxies.client(of: request([header])) == nil) }

    /// Who is no trusted proxy speaks for himself only.
    @Test func whoIsNotTrustedIsNotBelieved() {
        let direct = request([Self.client], from: "192.0.2.1")
        #expect(proxies.client(of: direct) == IPAddress("192.0.2.1"))
        #expect(TrustedProxies().client(of: request([Self.client])) == IPAddress("127.0.0.1"))
    }

    /// A customer has all of an IPv6 network of 64 bits.
    @Test func anIPv6NetworkIsOneCaller() {
        let callers = ["2001:db8:1:7::1", "2001:db8:1:7:ffff::9", "2001:db8:1:8::1"].map {
            proxies.callerAddress(of: request([$0]))
        }
        #expect(callers[0] == callers[1] && callers[0] != callers[2])
    }
}
