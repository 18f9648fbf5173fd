import Core
import Testing

@Suite struct OriginTests {
    @Test(arguments: [
        ("http://x.example", "http://x.example:80"), ("https://x.example", "https://x.example:443"),
        ("HTTPS://X.Example", "https://x.example"), ("http://x.example:", "http://x.example"),
        ("http://[2001:DB8:0::1]", "http://[2001:db8::1]:80"), ("http://x.example:08080", "http://x.example:8080"),
    ])
    func textsOfOneOriginAreEqual(_ a: String, _ b: String) throws {
        #expect(try #require(Origin(a)) == #require(Origin(b)))
    }

    @Test(arguments: [
        ("http://x.example", "https://x.example"), ("http://x.example", "http://x.example:8080"),
        ("http://x.example:443", "https://x.example:443"), ("http://x.example", "http://y.example"),
        ("http://x.example", "http://x.example.evil"), ("https://x.example:80", "https://x.example"),
    ])
    func schemeHostAndPortTellOriginsApart(_ a: String, _ b: String) throws {
        #expect(try #require(Origin(a)) != #require(Origin(b)))
    }

    @Test(arguments: [
        ("HTTP://X.example:80", "http://x.example"), ("https://x.example:80", "https://x.example:80"),
        ("http://[::0001]:8080", "http://[::1]:8080"), ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ])
    func itIsWrittenAsABrowserDoes(_ text: String, _ written: String) throws {
        #expect(try #require(Origin(text)).description == written)
    }

    @Test(arguments: [
        "", "null", "*", "http://", "http:x.example", "x.example", "ftp://x.example", "http://*.example", "http://*",
        "http://x.example/", "http://x.example/path", "http://x.example?q", "http://x.example#f", "http://u@x.example",
        "http://u:p@x.example", "http://x.example:0", "http://x.example:65536", "http://x.example:+80",
        "http://x.example:8o", "http://x.example:80:80", "http://[::1", "http://::1", "http://[::1]x", "http://[x]",
        "http://[fe80::1%eth0]", "http://[::1\0]", "http://x.example\0", " http://x.example", "http://x.example ",
        "http://bücher.example", "http://x.example,https://x.example", "http://" + String(repeating: "x", count: 254),
    ])
    func whatIsNoOriginIsNone(_ text: String) {
        #expect(Origin(text) == nil)
    }

    @Test func aSettingMayEndInOneSlash() {
        #expect(Origin(setting: "https://a.example/") == Origin("https://a.example"))
        #expect(Origin(setting: "https://A.example:443") == Origin("https://a.example"))
        for text in ["https://a.example//", "https://a.example/x/", "/", "https:///", "https://*.example/", "null"] {
            #expect(Origin(setting: text) == nil, "\(text)")
        }
    }

    @Test func aHostHeaderIsAnOriginOfEitherScheme() {
        #expect(Origin(scheme: .http, authority: "x.example:80") == Origin("http://x.example"))
        #expect(Origin(scheme: .https, authority: "X.example") == Origin("https://x.example"))
        #expect(Origin(scheme: .https, authority: "[::1]:8443") == Origin("https://[::1]:8443"))
        #expect(Origin(scheme: .http, authority: "") == nil)
        #expect(Origin(scheme: .http, authority: "[::1]8443") == nil)
    }
}
