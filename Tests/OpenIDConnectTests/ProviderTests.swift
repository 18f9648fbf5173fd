import Core
import Testing

@testable import OpenIDConnect

/// What operators set, and what providers say of themselves.
@Suite struct ProviderTests {
    private static let whole: [(String, JSONValue)] = [
        ("name", "example"), ("issuer", "https://id.example/realm"), ("client_id", "martlet"),
        ("redirects", ["https://app.example/back"]),
    ]

    private func entry(_ changes: [(String, JSONValue?)]) -> JSONValue {
        var members = Self.whole
        for (key, value) in changes {
            members.removeAll { $0.0 == key }
            if let value { members.append((key, value)) }
        }
        return .object(JSONObject(members))
    }

    private func parse(_ entries: JSONValue..., loopback: Bool = false) throws(SettingError) -> [Provider] {
        let text = (["providers": .array(entries)] as JSONValue).text
        return try ProviderList.parse(Array(text.utf8), allowsLoopback: loopback) {
            ["/run/secret": Array(" s3cret\n".utf8), "/run/empty": Array("\n".utf8)][$0]
        }
    }

    private func complaint(_ changes: [(String, JSONValue?)]) -> String {
        do throws(SettingError) {
            _ = try parse(entry(changes))
            return ""
        } catch {
            return error.description
        }
    }

    @Test func aList() throws {
        let two = try parse(
            entry([]), entry([("name", "two"), ("title", "Two"), ("client_secret_file", "/run/secret")]))
        #expect(
            two[0]
                == Provider(
                    name: "example", issuer: "https://id.example/realm", clientID: "martlet",
                    redirects: ["https://app.example/back"]))
        #expect(two[0].title == "example" && two[0].clientSecret == nil)
        #expect(two[1].title == "Two" && two[1].clientSecret == "s3cret")
        #expect(try parse(entry([("client_secret", "in line")]))[0].clientSecret == "in line")
        #expect(try parse().isEmpty)
        #expect(try parse(entry([("issuer", "http://127.0.0.1:8081")]), loopback: true).count == 1)
    }

    @Test func anErrorNamesTheKey() {
        for (key, value): (String, JSONValue?) in [
            ("name", nil), ("name", "Example"), ("name", ""), ("name", "a-b"), ("name", 7), ("title", ""),
            ("issuer", "http://id.example"), ("issuer", "http://127.0.0.1"), ("issuer", "id.example"),
            ("issuer", "https://u@id.example"), ("issuer", "https://id.example?x"), ("issuer", "https://id.example#x"),
            ("issuer", nil), ("client_id", ""), ("client_id", nil), ("client_secret", ""), ("client_secret", "ö"),
            ("client_secret_file", "/run/nothing"), ("client_secret_file", "/run/empty"), ("redirects", nil),
            ("redirects", []), ("redirects", ["http://app.example/back"]), ("redirects", ["https://app.example/#x"]),
            ("redirects", ["javascript:alert(1)"]), ("redirects", [7]),
        ] {
            #expect(complaint([(key, value)]).contains("providers[0].\(key)"), "\(key) \(String(describing: value))")
        }
        #expect(complaint([("secret", "hidden")]) == "providers[0]: there is no key secret")
        let both = complaint([("client_secret", "hidden"), ("client_secret_file", "/run/secret")])
        #expect(both.contains("not both") && !both.contains("hidden") && !both.contains("s3cret"))
        #expect(throws: SettingError.self) { try parse(entry([]), entry([])) }
        for text in ["", "[]", "{}", #"{"providers":{}}"#, #"{"providers":[],"x":1}"#] {
            #expect(throws: SettingError.self) {
                try ProviderList.parse(Array(text.utf8), allowsLoopback: false) { _ in nil }
            }
        }
    }

    @Test func redirects() {
        for text in [
            "https://app.example", "https://app.example:8443/back?a=b", "http://localhost:3000/", "http://127.0.0.1/x",
            "http://[::1]:8080/", "com.example.app:/back", "com.example.app://back",
        ] { #expect(ProviderAddress.isRedirect(text), "\(text)") }
        for text in [
            "", "app.example", "http://app.example", "https://", "https:///x", "https://a b", "https://app.example/#x",
            "javascript:alert(1)", "data:,x", "myapp:/back", "com.example.app:", "https://a@app.example/",
            "https://ä.example",
            "https://app.example/" + String(repeating: "x", count: 2048),
        ] { #expect(!ProviderAddress.isRedirect(text), "\(text)") }
    }

    // MARK: Discovery

    private static let document: [(String, JSONValue)] = [
        ("issuer", "https://id.example"), ("authorization_endpoint", "https://id.example/authorize"),
        ("token_endpoint", "https://id.example/token"), ("jwks_uri", "https://keys.example/keys"),
    ]

    private func metadata(_ changes: [(String, JSONValue?)]) throws(ProviderFailure) -> Metadata {
        var members = Self.document
        for (key, value) in changes {
            members.removeAll { $0.0 == key }
            if let value { members.append((key, value)) }
        }
        return try Metadata(
            Array(JSONValue.object(JSONObject(members)).text.utf8), of: "https://id.example", allowsLoopback: false)
    }

    @Test func discovery() throws {
        #expect(Metadata.address(of: "https://id.example") == "https://id.example/.well-known/openid-configuration")
        #expect(
            Metadata.address(of: "https://id.example/a/") == "https://id.example/a/.well-known/openid-configuration")
        let found = try metadata([])
        #expect(found.tokenEndpoint == "https://id.example/token" && !found.takesSecretInBody)
        let methods = "token_endpoint_auth_methods_supported"
        #expect(try metadata([(methods, ["client_secret_post"])]).takesSecretInBody)
        #expect(try !metadata([(methods, ["client_secret_post", "client_secret_basic"])]).takesSecretInBody)
        for (key, value, reason): (String, JSONValue?, ProviderFailure.Reason) in [
            ("issuer", "https://id.example/", .issuer), ("issuer", nil, .issuer), ("token_endpoint", nil, .malformed),
            ("token_endpoint", "http://id.example/token", .address), ("jwks_uri", "file:///etc/passwd", .address),
            ("jwks_uri", "http://127.0.0.1/keys", .address), ("authorization_endpoint", "javascript:x", .address),
        ] { #expect(throws: ProviderFailure.unavailable(reason), "\(key)") { try metadata([(key, value)]) } }
        #expect(throws: ProviderFailure.unavailable(.malformed)) {
            try Metadata([], of: "https://id.example", allowsLoopback: false)
        }
    }

    @Test func formText() {
        #expect(FormText.encode([("a", "b c&d=é"), ("x", "-._~")]) == "a=b%20c%26d%3D%C3%A9&x=-._~")
    }

    // MARK: When a provider is asked again

    @Test func memory() throws {
        var memory = ProviderMemory()
        let (found, keys) = (try metadata([]), KeySet([KeySet.Key]()))
        #expect(memory.metadata(0) == nil && memory.keys(0) == nil && !memory.isAway(0))
        memory.keep(found, 10)
        memory.keep(keys, 10)
        let end = 10 + ProviderMemory.life
        // Another thread's clock may have been read a little before.
        for now in [9, 10, end - 1] { #expect(memory.metadata(now) == found && memory.keys(now) == keys) }
        #expect(memory.metadata(end) == nil && memory.keys(end) == nil)
        for _ in 0..<ProviderMemory.mostFetches { let taken = memory.takeFetch(100); #expect(taken) }
        let (refused, later) = (memory.takeFetch(100), memory.takeFetch(100 + ProviderMemory.fetchWindow))
        #expect(!refused && later)
        memory.wasAway(1000)
        #expect(memory.isAway(999) && memory.isAway(1000) && !memory.isAway(1000 + ProviderMemory.pause))
    }
}
