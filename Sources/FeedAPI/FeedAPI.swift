public import HTTPService

/// The routes of the role `api`.
public enum FeedAPI {
    public static func routes(_ services: Services) -> [Route] {
        AccountRoutes(services: services).routes + UserRoutes(services: services).routes
            + PostRoutes(services: services).routes + FeedRoutes(services: services).routes
    }
}
