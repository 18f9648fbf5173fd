public import Core

/// Somebody who sends requests to a site.
public protocol Caller: Sendable {
    var site: TestSite { get }
    /// `nil`: not signed in.
    var accessToken: String? { get }
    var address: String { get }
}

extension Caller {
    public func get(_ target: String, _ headers: [String: String] = [:]) async throws -> TestResponse {
        try await send("GET", target, headers)
    }

    public func delete(_ target: String, _ headers: [String: String] = [:]) async throws -> TestResponse {
        try await send("DELETE", target, headers)
    }

    public func put(
        _ target: String, _ body: JSONValue? = nil, _ headers: [String: String] = [:]
    ) async throws -> TestResponse {
        try await send("PUT", target, headers, body: body.map { Array($0.text.utf8) })
    }

    public func post(
        _ target: String, _ body: JSONValue? = nil, _ headers: [String: String] = [:]
    ) async throws -> TestResponse {
        try await send("POST", target, headers, body: body.map { Array($0.text.utf8) })
    }

    /// - Parameters:
    ///   - target: path and query, escaped.
    ///   - headers: beside the token and, where there is a body, its type; one of them replaces these.
    public func send(
        _ method: String, _ target: String, _ headers: [String: String] = [:], body: [UInt8]? = nil
    ) async throws -> TestResponse {
        var all: [String: String] = [:]
        if let accessToken { all["Authorization"] = "Bearer " + accessToken }
        if body != nil { all["Content-Type"] = "application/json" }
        all.merge(headers) { _, given in given }
        return try await site.send(method, target, headers: all, body: body ?? [], from: address)
    }
}

extension Caller {
    /// All pages of a list, from the first to the one without `next`.
    public func pages(_ path: String = "/v1/feed", limit: Int = 100) async throws -> [TestResponse] {
        var pages: [TestResponse] = []
        var cursor = ""
        while true {
            let page = try await get("\(path)?limit=\(limit)\(cursor)")
            guard page.status == 200 else { throw UnexpectedResponse(response: page) }
            pages.append(page)
            guard let next = page.next else { return pages }
            cursor = "&cursor=" + next
        }
    }

    /// The ids of all items of a list.
    public func walk(_ path: String = "/v1/feed", limit: Int = 100) async throws -> [String] {
        try await pages(path, limit: limit).flatMap(\.ids)
    }
}

/// Who is not signed in.
public struct Stranger: Caller {
    public let site: TestSite
    public let address: String
    public var accessToken: String? { nil }
}

/// Who is.
public struct TestUser: Caller {
    public var site: TestSite
    public let id: String
    public let handle: String
    public var address: String
    public var accessToken: String?
    public var refreshToken: String

    public static let password = "correct horse battery"

    /// - Parameter session: the response of a sign-up, log-in or refresh.
    public init(_ session: TestResponse, at address: String, of site: TestSite) throws {
        guard let id = session["user"]["id"].string, let handle = session["user"]["handle"].string,
            let access = session["access_token"].string, let refresh = session["refresh_token"].string
        else { throw UnexpectedResponse(response: session) }
        self.site = site
        self.id = id
        self.handle = handle
        self.address = address
        accessToken = access
        refreshToken = refresh
    }

    /// The same session, before another process.
    public func on(_ site: TestSite) -> TestUser {
        var user = self
        user.site = site
        return user
    }

    /// The same session, from another address.
    public func at(_ address: String) -> TestUser {
        var user = self
        user.address = address
        return user
    }

    /// In another session: what a refresh or log-in has given.
    public func with(_ session: TestResponse) throws -> TestUser { try TestUser(session, at: address, of: site) }

    /// Posts one after the other.
    /// - Returns: their ids, in order.
    public func posts(_ count: Int) async throws -> [String] {
        var ids: [String] = []
        for number in 0..<count { ids.append(try await post(text: "post \(number)")) }
        return ids
    }

    /// - Returns: the post's id.
    public func post(text: String) async throws -> String {
        let response = try await post("/v1/posts", ["text": .string(text)])
        guard response.status == 201, let id = response["id"].string else {
            throw UnexpectedResponse(response: response)
        }
        return id
    }

    public func follow(_ other: TestUser) async throws {
        let response = try await put("/v1/users/\(other.id)/follow")
        guard response.status == 204 else { throw UnexpectedResponse(response: response) }
    }

    public func unfollow(_ other: TestUser) async throws {
        let response = try await delete("/v1/users/\(other.id)/follow")
        guard response.status == 204 else { throw UnexpectedResponse(response: response) }
    }
}

/// A step that a test only prepares with went wrong.
public struct UnexpectedResponse: Error {
    public let response: TestResponse

    public init(response: TestResponse) { self.response = response }
}
