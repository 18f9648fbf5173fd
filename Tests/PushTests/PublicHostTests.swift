import Core
import Push
import Testing

@Suite struct PublicHostTests {
    @Test(arguments: [
        "0.0.0.0", "0.255.255.255", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
        "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1",
        "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1",
        "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:1::1",
        "2001:1ff::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "fc00::1",
        "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
    ]) func addressesThatAreNot(_ text: String) throws {
        #expect(!PublicHost.isPublic(try #require(IPAddress(text))))
        #expect(!PublicHost.mayBePublic(text.contains(":") ? "[\(text)]" : text))
    }

    /// Those beside the ranges, too.
    @Test(arguments: [
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0",
        "198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:1.1.1.1", "2001:200::1", "2001:4860:4860::8888",
        "2003::1", "2600::1", "2a00:1450::1", "3fff:1000::1", "2001:db7::1", "2001:db9::1",
    ]) func addressesThatAre(_ text: String) throws {
        #expect(PublicHost.isPublic(try #require(IPAddress(text))))
        #expect(PublicHost.mayBePublic(text.contains(":") ? "[\(text)]" : text))
    }

    @Test(arguments: [
        "", ".", "..", "localhost", "localhost.", "a.localhost", "a.localhost.", "redis", "redis.", "printer.local",
        "db.internal", "metadata.google.internal", "a.test", "a.invalid", "a.onion", "a.alt", "router.home.arpa",
        "127.1", "127.0.1", "0x7f.1", "0x7f.0x0.0x0.0x1", "2130706433", "0177.0.0.1", "127.0.0.1.", "1.2.3.4.5", "a.1",
        "a..example", ".example", "a.example..", "[x]", "[", "a.0x7f000001",
    ]) func namesThatAreNot(_ host: String) { #expect(!PublicHost.mayBePublic(host)) }

    @Test(arguments: [
        "push.example", "push.example.", "updates.push.services.mozilla.com", "a-b.example", "a_b.example",
        "1.example", "127.0.0.1.example", "localhost.example", "local.example", "mylocalhost.example.com", "a.arpa",
        "xn--bcher-kva.example", "0x7f.example",
    ]) func namesThatMayBe(_ host: String) { #expect(PublicHost.mayBePublic(host)) }

    @Test func devicesThere() {
        for host in ["10.0.0.1", "[::1]", "localhost", "redis", "127.1", "LOCALHOST", "[::ffff:7f00:1]"] {
            let url = "https://\(host)/x"
            #expect(refusal { () throws(InvalidPush) in try WebhookEndpoint(url) } == "url")
            #expect(
                refusal { () throws(InvalidPush) in try WebPushSubscription(endpoint: url, p256dh: "", auth: "") }
                    == "endpoint")
        }
        // A test has its servers here, and only here.
        for url in ["http://127.0.0.1:1/", "https://localhost/", "http://[::1]/"] {
            #expect(refusal { () throws(InvalidPush) in try WebhookEndpoint(url, allowsLoopback: true) } == nil)
        }
        for url in ["http://10.0.0.1/", "https://10.0.0.1/", "https://redis/"] {
            #expect(refusal { () throws(InvalidPush) in try WebhookEndpoint(url, allowsLoopback: true) } == "url")
        }
    }
}
