public import Accounts
public import DomainKit
public import HTTPService
public import Relations
public import Store

/// Roles, suspensions, and the audit of both.
public struct AdministrationDomain: Domain {
    public static let migrations = [
        Migration(
            31, "audit, users by the beginning of the handle",
            [
                """
                CREATE TABLE audit (
                    -- By its time.
                    id bigint PRIMARY KEY,
                    -- NULL: the operator.
                    who bigint,
                    did text NOT NULL,
                    target bigint NOT NULL,
                    before jsonb NOT NULL,
                    after jsonb NOT NULL,
                    request_id text NOT NULL)
                """,
                """
                CREATE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'audit is only added to'; END $$
                """,
                """
                CREATE TRIGGER audit_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
                FOR EACH STATEMENT EXECUTE FUNCTION audit_is_kept()
                """,
                "CREATE INDEX users_by_handle ON users (handle COLLATE \"C\", id)",
            ])
    ]

    public let administration: Administration
    private let resources: Resources
    private let audience: AudienceChanges

    public init(_ resources: Resources, accounts: AccountsDomain, relations: RelationsDomain) {
        self.resources = resources
        audience = relations.changes
        administration = Administration(
            database: resources.database, ids: resources.ids, accounts: accounts.accounts)
    }

    public var operations: [Operation] {
        AdminOperations(
            administration: administration, audience: audience, writes: resources.writes, lists: resources.lists,
            cursors: resources.cursors, clock: resources.clock
        ).all
    }
}
