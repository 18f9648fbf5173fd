extension TestSite {
    /// The user has his account deleted, and the worker does it.
    public func erase(_ user: TestUser) async throws {
        let asked = try await user.post("/v1/me/deletion?grace=0", ["password": .string(TestUser.password)])
        guard let id = asked["id"].string, let key = asked["key"].string else {
            throw UnexpectedResponse(response: asked)
        }
        try await eventually {
            try await settle()
            try await runJobs()
            return try await stranger().get("/v1/deletions/\(id)?key=\(key)")["state"].string == "done"
        }
    }
}
