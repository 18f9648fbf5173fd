import Testing

@testable import RedisLink

@Suite struct RedisAddressTests {
    @Test func readsAddresses() throws {
        #expect(try RedisAddress("/run/r.sock") == RedisAddress(endpoint: .unix(path: "/run/r.sock")))
        #expect(try RedisAddress("unix:///run/r.sock") == RedisAddress(endpoint: .unix(path: "/run/r.sock")))
        #expect(try RedisAddress("redis://redis") == RedisAddress(endpoint: .tcp(host: "redis", port: 6379)))
        #expect(try RedisAddress("redis://h:1/3") == RedisAddress(endpoint: .tcp(host: "h", port: 1), database: 3))
        #expect(try RedisAddress("redis://[::1]:7/") == RedisAddress(endpoint: .tcp(host: "::1", port: 7)))
        #expect(
            try RedisAddress("redis://ann:p%40s:s@h")
                == RedisAddress(endpoint: .tcp(host: "h", port: 6379), user: "ann", password: "p@s:s"))
        #expect(
            try RedisAddress("redis://:secret@h:2")
                == RedisAddress(endpoint: .tcp(host: "h", port: 2), password: "secret"))
    }

    @Test(arguments: [
        ("localhost:6379", "redis://"), ("rediss://h", "TLS"), ("redis://", "host"), ("redis://:6379", "host"),
        ("redis://h:", "port"), ("redis://h:0", "port"), ("redis://h:65536", "port"), ("redis://h/x", "database"),
        ("redis://h/-1", "database"), ("redis://[::1", "]"), ("redis://[::1]x", "after the host"),
        ("redis://u@h", "password"), ("redis://u:%4@h", "%"), ("redis://u:%zz@h", "%"), ("unix://r", "absolute"),
        ("/" + String(repeating: "x", count: 107), "107"), ("/r\0", "zero"), ("redis://:%+5@h", "%"),
        ("redis://h:+1", "port"),
        ("redis://h/+1", "database"), ("redis://a b", "host"), ("redis://[[1]", "bracket"),
    ])
    func saysWhatIsWrong(_ text: String, _ reason: String) {
        let error = #expect(throws: RedisAddressError.self) { try RedisAddress(text) }
        #expect(error?.description.contains(reason) == true)
    }

    @Test func descriptionHidesThePassword() throws {
        #expect(try RedisAddress("redis://ann:secret@h:1/2").description == "redis://h:1/2")
        #expect(try RedisAddress("redis://[::1]").description == "redis://[::1]:6379")
    }
}
