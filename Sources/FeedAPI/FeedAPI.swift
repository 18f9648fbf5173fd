public import DomainKit
public import HTTPService

/// The role `api`: what the domains serve, and the document that describes it.
public enum FeedAPI {
    public static func routes(_ domains: [any Domain]) -> [Route] {
        domains.flatMap(\.routes) + [
            Route("GET", "/openapi.json", .anyone, .free) { _ in
                .json(Array(OpenAPI.document.utf8), headers: [("Cache-Control", "no-cache")])
            }
        ]
    }
}
