import Core
import Testing

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("192.0.2.1", "::ffff:192.0.2.1"), ("192.0.2.1", "::FFFF:c000:201"), ("2001:db8::1", "2001:DB8:0:0:0:0:0:1"),
        ("fe80::1", "fe80::1%eth0"),
    ])
    func spellingsOfOneAddressAreEqual(_ a: String, _ b: String) throws {
        #expect(try #require(IPAddress(a)) == #require(IPAddress(b)))
    }

    @Test(arguments: [
        "", " ", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "0x7f.0.0.1", "2130706433", "1.2.3.4\0", ":::1",
        "1::2::3", "12345::", "localhost", "1.2.3.4 ", "[::1]", "1.2.3.4:80",
    ])
    func whatIsNoAddressIsNone(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        ("192.0.2.1:4711", "192.0.2.1"), (" 192.0.2.1\t", "192.0.2.1"), ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"), ("2001:db8::1", "2001:db8::1"), ("::ffff:192.0.2.1", "192.0.2.1"),
    ])
    func aForwardedAddressMayHaveAPort(_ text: String, _ address: String) throws {
        #expect(try #require(IPAddress(forwarded: text)) == #require(IPAddress(address)))
    }

    @Test(arguments: ["", "unknown", "_hidden", "[::1", "for=192.0.2.1", "192.0.2.1, 192.0.2.2", "a:b"])
    func whatIsForwardedButNoAddressIsNone(_ text: String) {
        #expect(IPAddress(forwarded: text) == nil)
    }

    @Test func aCustomerHasAnIPv4AddressOrANetworkOf64Bits() throws {
        func customer(_ text: String) throws -> String { try #require(IPAddress(text)).customer }
        #expect(try customer("192.0.2.1") == customer("::ffff:192.0.2.1"))
        #expect(try customer("192.0.2.1") != customer("192.0.2.2"))
        #expect(try customer("2001:db8:1:2::1") == customer("2001:db8:1:2:ffff:ffff:ffff:ffff"))
        #expect(try customer("2001:db8:1:2::1") != customer("2001:db8:1:3::1"))
        #expect(try customer("0.0.0.1") != customer("0:0:0:1::"))
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
        ("10.0.0.0/8", "9.255.255.255", false), ("10.0.0.0/8", "a00::", false),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("::ffff:10.0.0.0/104", "10.1.2.3", true),
        ("172.16.0.0/12", "172.31.255.255", true), ("172.16.0.0/12", "172.32.0.0", false),
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.6", false), ("192.0.2.7/32", "192.0.2.7", true),
        ("192.0.2.6/31", "192.0.2.7", true), ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false),
        ("2001:db8::/65", "2001:db8::7fff:ffff:ffff:ffff", true), ("2001:db8::/65", "2001:db8::8000:0:0:0", false),
        ("2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff", true), ("2001:db8::/64", "2001:db8:0:1::", false),
        ("::1", "::1", true), ("::1/128", "::2", false), ("::/0", "2001:db8::1", true), ("::/0", "192.0.2.1", true),
    ])
    func aRangeHoldsWhatBeginsLikeIt(_ range: String, _ address: String, _ isInside: Bool) throws {
        #expect(try #require(IPRange(range)).contains(#require(IPAddress(address))) == isInside)
    }

    @Test(arguments: [
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/8/8",
        "10.0.0.1/8", "10.0.0.0/255.0.0.0", "10/8", "2001:db8::/129", "2001:db8::1/64", "::ffff:10.0.0.0/8",
        "fe80::%eth0/64", "proxy.example", "10.0.0.0 /8",
    ])
    func whatIsNoRangeIsNone(_ text: String) {
        #expect(IPRange(text) == nil)
    }
}
