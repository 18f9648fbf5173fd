import Store

/// Blocks and mutes, for the statements of this domain. Users are expressions of SQL; NULL has none.
enum Restrictions {
    /// Has one blocked the other?
    static func blocks(_ owner: SQL, _ other: SQL) -> SQL {
        """
        EXISTS (
            SELECT FROM relations known
            WHERE known.owner = \(owner) AND known.other = \(other) AND known.kind = 'block')
        """
    }

    /// Has either blocked the other?
    static func blockBetween(_ one: SQL, _ other: SQL) -> SQL {
        "(\(blocks(one, other)) OR \(blocks(other, one)))"
    }

    /// Has one muted the other? A mute with an end is none any more when that has come.
    static func mutes(_ owner: SQL, _ other: SQL) -> SQL {
        """
        EXISTS (
            SELECT FROM relations known
            WHERE known.owner = \(owner) AND known.other = \(other) AND known.kind = 'mute'
                AND (known.until IS NULL OR known.until > now()))
        """
    }
}
