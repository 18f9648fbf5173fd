import Core
import HTTPService
import Store

/// Where a walk through a post's comments, those that most like first, goes on: in its ranking, then by age in what is not in
/// it.
struct TopPlace: Sendable, Equatable {
    enum Next: Sendable, Equatable {
        /// Behind so many of the ranking.
        case ranked(Int)
        /// Below this id.
        case older(than: ID)
    }

    /// Places behind those of a ranking.
    private static let firstOlder: Int64 = 1_000_000
    private static let list: UInt8 = 20
    private static let version: UInt8 = 1

    /// `.zero`: it began when nobody liked any.
    let ranking: ID
    let next: Next

    init(ranking: ID, next: Next) {
        (self.ranking, self.next) = (ranking, next)
    }

    /// Behind a comment that was given.
    init(ranking: ID, behind place: Int64, _ comment: ID) {
        self.init(ranking: ranking, next: place < Self.firstOlder ? .ranked(Int(place)) : .older(than: comment))
    }

    /// Rows `id, place`: the next ones, in the order of their places.
    func next(of post: ID, limit: Int) -> SQL {
        let (done, below): (Int, ID) =
            switch next {
            case .ranked(let count): (count, .max)
            case .older(let id): (CommentRanking.most, id)
            }
        return """
            WITH ranked AS MATERIALIZED (\(CommentRanking.ranked(ranking)))
            SELECT id, place FROM (
                (SELECT id, place FROM ranked r
                    WHERE place > \(done) AND EXISTS (SELECT FROM comments c WHERE c.id = r.id)
                    ORDER BY place LIMIT \(limit))
                UNION ALL (
                    SELECT id, \(Self.firstOlder)::bigint + row_number() OVER (ORDER BY id DESC) AS place FROM (
                        SELECT id FROM comments
                        WHERE post_id = \(post) AND parent_id IS NULL AND id < \(below)
                            AND id <> ALL (ARRAY(SELECT id FROM ranked)) ORDER BY id DESC LIMIT \(limit)) o)) n
            ORDER BY place LIMIT \(limit)
            """
    }

    // MARK: As a cursor

    /// - Parameter viewer: the caller; `ID.zero` for one who is not signed in.
    func encode(of post: ID, viewer: ID, _ signer: CursorSigner) -> String {
        var writer = ByteWriter(capacity: 24)
        writer.append(Self.version)
        writer.append(bigEndian: UInt64(ranking.raw), width: 7)
        switch next {
        case .ranked(let count):
            writer.append(0)
            writer.append(bigEndian: UInt64(count), width: 7)
        case .older(let id):
            writer.append(1)
            writer.append(bigEndian: UInt64(id.raw), width: 7)
        }
        return Base64URL.encode(signer.seal(writer.bytes, context: Self.context(post, viewer)))
    }

    init?(_ text: String, of post: ID, viewer: ID, _ signer: CursorSigner) {
        guard let visible = signer.open(text, length: 16, context: Self.context(post, viewer)) else { return nil }
        var reader = ByteReader(visible)
        guard reader.unsigned(width: 1) == UInt64(Self.version), let ranking = reader.unsigned(width: 7),
            let kind = reader.unsigned(width: 1), let value = reader.unsigned(width: 7)
        else { return nil }
        self.init(
            ranking: ID(raw: Int64(ranking)),
            next: kind == 0 ? .ranked(Int(value)) : .older(than: ID(raw: Int64(value))))
    }

    private static func context(_ post: ID, _ viewer: ID) -> [UInt8] {
        PageCursor.List(tag: list, subject: post).context(for: viewer)
    }
}
