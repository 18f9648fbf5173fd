public import Accounts
import Core
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
                    -- NULL: the operator. Here and below 0: somebody who was erased.
                    who bigint,
                    did text NOT NULL,
                    target bigint NOT NULL,
                    before jsonb NOT NULL,
                    after jsonb NOT NULL,
                    request_id text NOT NULL)
                """,
                """
                CREATE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF TG_OP = 'UPDATE' THEN
                        -- Who has left may be taken out of it, and nothing else.
                        IF (NEW.id, NEW.did, NEW.before, NEW.after, NEW.request_id)
                                = (OLD.id, OLD.did, OLD.before, OLD.after, OLD.request_id)
                            AND (NEW.who IS NOT DISTINCT FROM OLD.who OR NEW.who = 0 AND OLD.who IS NOT NULL)
                            AND NEW.target IN (OLD.target, 0)
                        THEN
                            RETURN NEW;
                        END IF;
                    END IF;
                    RAISE EXCEPTION 'audit is only added to';
                END $$
                """,
                """
                CREATE TRIGGER audit_rows_are_kept BEFORE UPDATE OR DELETE ON audit
                FOR EACH ROW EXECUTE FUNCTION audit_is_kept()
                """,
                """
                CREATE TRIGGER audit_is_kept BEFORE TRUNCATE ON audit
                FOR EACH STATEMENT EXECUTE FUNCTION audit_is_kept()
                """,
                "CREATE INDEX audit_by_target ON audit (target)",
                "CREATE INDEX audit_by_who ON audit (who) WHERE who IS NOT NULL",
            ]),
        Migration(
            33, "users by the beginning of their handles",
            ["CREATE INDEX IF NOT EXISTS users_by_handle ON users (handle COLLATE \"C\", id)"]),
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

    /// What was done stays, without whom it was done to, or who did it.
    public var holdings: [Holding] {
        let count = { @Sendable (user: ID) -> SQL in
            let user = SQL.parameter(user)
            return "SELECT count(*) FROM audit WHERE who = \(user) OR target = \(user)"
        }
        return [
            Holding(
                "postgres.audit", columns: ["who", "target"],
                .erased(
                    { transaction, user, _, limit in
                        let user = SQL.parameter(user)
                        let gone = try await transaction.query(
                            """
                            UPDATE audit SET who = CASE WHEN who = \(user) THEN 0 ELSE who END,
                                target = CASE WHEN target = \(user) THEN 0 ELSE target END
                            WHERE id IN (
                                SELECT id FROM audit WHERE who = \(user) OR target = \(user) ORDER BY id LIMIT \(limit))
                            """
                        ).affected
                        return Holding.Step(removed: gone, next: gone == 0 ? nil : 0)
                    }, count: count))
        ]
    }

    public var operations: [Operation] {
        AdminOperations(
            administration: administration, audience: audience, writes: resources.writes, lists: resources.lists,
            cursors: resources.cursors, clock: resources.clock
        ).all
    }
}
