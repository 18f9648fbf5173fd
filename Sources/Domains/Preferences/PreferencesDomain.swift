import Core
public import DomainKit
public import HTTPService
public import Store

/// How users want to be notified: of what, where, when, of whose doings. What it means for the inbox is asked by
/// `PreferenceRow.keepsOut`, what it means for a push by `Preferences.decision`.
public struct PreferencesDomain: Domain {
    public static let migrations = [
        Migration(
            101, "preferences",
            [
                """
                CREATE TABLE preferences (
                    user_id bigint PRIMARY KEY REFERENCES users,
                    -- Types of notifications.
                    without_inbox text[] NOT NULL DEFAULT '{}',
                    without_push text[] NOT NULL DEFAULT '{}',
                    -- Minutes of the day; all three are NULL where there are no quiet hours.
                    quiet_from smallint CHECK (quiet_from BETWEEN 0 AND 1439),
                    quiet_to smallint CHECK (quiet_to BETWEEN 0 AND 1439),
                    quiet_zone text CHECK ((quiet_zone IS NULL) = (quiet_from IS NULL)
                        AND (quiet_zone IS NULL) = (quiet_to IS NULL)),
                    quiet_urgent boolean NOT NULL DEFAULT false,
                    digest text NOT NULL DEFAULT 'off' CHECK (digest IN ('off', 'hourly', 'daily')),
                    only_from text NOT NULL DEFAULT 'all' CHECK (only_from IN ('all', 'followed', 'mutual')),
                    previews boolean NOT NULL DEFAULT true)
                """
            ])
    ]

    private let resources: Resources
    private let types: [String]

    /// - Parameter types: of all notifications that there are.
    public init(_ resources: Resources, types: [String]) {
        (self.resources, self.types) = (resources, Set(types).sorted())
    }

    public var operations: [Operation] {
        PreferenceOperations(database: resources.database, writes: resources.writes, types: types).all
    }

    public var holdings: [Holding] { [.rows("preferences", ["user_id"]) { "user_id = \($0)" }] }

    public var exports: [ExportedFile] {
        [
            ExportedFile("preferences", from: ["preferences"]) { user, position, _ in
                // One row, whose place is that of its user.
                "SELECT * FROM (\(PreferenceRow.row(of: user))) p WHERE p.id > \(position) AND p.is_kept"
            } line: { [types] row, writer in
                PreferenceView(preferences: try PreferenceRow.preferences(row), types: types).append(to: &writer)
            }
        ]
    }
}
