public import Core
import Posts

extension FanOutStore {
    /// One page of a chunk as it goes into `feed_items`, with the position that is stored in the same transaction.
    public struct Page: Sendable {
        public let chunk: Chunk
        public let users: [ID]
        /// `nil`: the chunk is finished.
        public let next: ChunkPosition?
        /// Is its progress written down?
        public let isTracked: Bool
        /// What brought the chunk.
        public let event: String

        /// The change that may be in all feeds with it. New posts are not written down as open (`OpenChanges`).
        var ending: (post: ID, kind: PostEvent, event: String)? {
            next == nil && chunk.kind != .created ? (chunk.post, chunk.kind, event) : nil
        }

        /// The same for those users only.
        func only(for users: [ID], of event: String) -> Page {
            Page(chunk: chunk, users: users, next: next, isTracked: isTracked, event: event)
        }

        public init(chunk: Chunk, users: [ID], next: ChunkPosition?, isTracked: Bool, event: String = "") {
            self.chunk = chunk
            self.users = users
            self.next = next
            self.isTracked = isTracked
            self.event = event
        }
    }
}
