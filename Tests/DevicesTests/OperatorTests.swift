import Core
import Devices
import TestSite
import Testing

/// What an operator's settings take of `POST /v1/devices`.
@Suite(.site, .serialized) struct OperatorTests {
    private let site = TestSite.current
    private let path = "/v1/devices"

    @Test func webhooksMayBeOff() async throws {
        var options = SiteOptions()
        options.devices.allowsWebhooks = false
        let other = try await site.another(options)
        let alice = try await site.signUp()
        let body: JSONValue = ["kind": "webhook", "url": "https://hooks.example.com/off"]
        #expect(try await alice.on(other).post(path, body).isProblem(403, "forbidden", field: "kind"))
        #expect(try await alice.on(other).post(path, TestUser.browser("webhooks-off")).status == 201)
        await other.close()
    }

    @Test func applicationsOfTheSite() async throws {
        var options = SiteOptions()
        options.devices.apnsTopics = ["com.example.app", "com.example.tv"]
        let other = try await site.another(options)
        let alice = try await site.signUp()
        func register(_ topic: String) async throws -> TestResponse {
            let token = JSONValue.string(String(repeating: "0a", count: 32))
            return try await alice.on(other).post(path, ["kind": "apns", "token": token, "topic": .string(topic)])
        }
        for topic in ["com.evil", "com.example", "com.example.app.x", "COM.example.app"] {
            let refused = try await register(topic)
            #expect(refused.isProblem(400, "invalid_field", field: "topic"))
            #expect(refused["detail"].string?.hasSuffix("com.example.app or com.example.tv") == true, "\(refused)")
        }
        #expect(try await register("com.example.tv").status == 201)
        #expect(try await alice.on(other).post(path, TestUser.browser("topics")).status == 201)
        await other.close()
    }
}
