import Core

@testable import Feed

extension TimelineEvent {
    /// An event of a post.
    static func of(
        _ operation: NodeEvent.Operation, _ post: ID, by author: ID, _ json: String = "{}"
    ) -> TimelineEvent {
        var envelope = Envelope(
            operation.kind, eventID: "e-\(post)", TraceContext(requestID: "r-\(post)"), payload: Array(json.utf8))
        envelope[.post] = post
        envelope[.author] = author
        return TimelineEvent(operation, envelope)!
    }
}

extension NodeEvent {
    /// In either form.
    var operation: Operation {
        switch content {
        case .operation(let operation, _, _, _): operation
        case .envelope(let envelope):
            [Operation.created, .deleted, .updated].first { $0.kind == envelope.kind }!
        }
    }

    var author: ID {
        switch content {
        case .operation(_, _, let author, _): author
        case .envelope(let envelope): envelope[.author]!
        }
    }
}
