import DomainKit

/// Where domains say what people do with a post: likes, comments, votes. Keyed by the post, likes of comments by the comment; and no part of `post.events`, so a
/// post that everybody likes holds up nobody's fan-out.
public enum EngagementTopic {
    public static let name = "engagement.events"

    static let plan = TopicPlan(name, retentionHours: 24 * 7)
}
