import Core
import TestSite

extension TestUser {
    /// - Parameter place: what makes it another browser.
    static func browser(_ place: String, name: String? = nil) -> JSONValue {
        var body: JSONObject = [
            "kind": "webpush", "endpoint": .string("https://push.example.com/\(place)"),
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        ]
        if let name { body.set("name", .string(name)) }
        return .object(body)
    }

    /// - Returns: the device's id.
    func register(_ body: JSONValue) async throws -> String {
        let response = try await post("/v1/devices", body)
        guard response.status == 201 || response.status == 200, let id = response["id"].string else {
            throw UnexpectedResponse(response: response)
        }
        return id
    }

    func logOut() async throws -> TestResponse {
        try await post("/v1/auth/logout", ["refresh_token": .string(refreshToken)])
    }

    func devices() async throws -> [String] { try await walk("/v1/devices") }
}
