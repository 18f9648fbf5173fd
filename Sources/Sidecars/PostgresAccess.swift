import Glibc

/// Who may do what in the private PostgreSQL.
///
/// The role `martlet` has the database, and no more: what is smuggled into its SQL reads no file and runs no program. The
/// superuser makes that role and the database, and is asked for nothing else. Both are told by who is at the other end
/// of the socket: the account that runs the servers, or root.
struct PostgresAccess {
    /// Who has the database, and no more than that.
    static let role = "martlet"
    static let superuser = "maintenance"

    let cluster: String
    let account: Account

    /// - Returns: whether something changed, which a running server must be told.
    func write() throws -> Bool {
        var isNew = false
        for (name, text) in [("pg_hba.conf", Self.rules), ("pg_ident.conf", names)] {
            let path = cluster + "/" + name
            guard Files.read(path).map({ $0 == Array(text.utf8) }) != true else { continue }
            try Files.write(path, Array(text.utf8), mode: 0o600, owner: account)
            isNew = true
        }
        return isNew
    }

    private static let rules = """
        # Martlet writes this at each start.
        local all martlet peer map=martlet
        local all \(superuser) peer map=martlet
        local replication \(superuser) peer map=martlet

        """

    private var names: String {
        let root = getpwuid(0).map { String(cString: $0.pointee.pw_name) } ?? "root"
        let lines = Set([account.name, root]).sorted().flatMap { name in
            [Self.role, Self.superuser].map { role in
                "martlet \"\(name.replacing("\"", with: "\"\""))\" \(role)\n"
            }
        }
        return "# Martlet writes this at each start.\n" + lines.joined()
    }

    // MARK: What there is, and how it is made

    /// Two numbers: the roles and the databases of the name `martlet`; and whether of the two roles the right one is a
    /// superuser.
    static let question = """
        SELECT (SELECT count(*) FROM pg_roles WHERE rolname = 'martlet'),
            (SELECT count(*) FROM pg_database WHERE datname = 'martlet'),
            (SELECT bool_and(rolsuper = (rolname = '\(superuser)')) FROM pg_roles
                WHERE rolname IN ('martlet', '\(superuser)'))
        """

    struct Step {
        let statement: String
        /// Of the question's answer.
        let isDone: @Sendable (String) -> Bool
    }

    static let steps = [
        Step(statement: "CREATE ROLE martlet LOGIN") { $0.hasPrefix("1|") },
        Step(statement: "CREATE DATABASE martlet OWNER martlet") { hasDatabase($0) },
    ]

    static func hasDatabase(_ answer: String) -> Bool {
        answer.split(separator: "\n").first?.split(separator: "|").dropFirst().first == "1"
    }

    static func isDivided(_ answer: String) -> Bool {
        answer.split(separator: "\n").first?.hasSuffix("|t") ?? false
    }

    /// An operator's role of that name, which was there before.
    static let foreignSuperuser = """
        the cluster has a role \(superuser) already, which is not Martlet's: start the version before, give that role another \
        name (ALTER ROLE \(superuser) RENAME TO …), and start again
        """

    static func mayNotLogIn(_ output: String) -> Bool {
        output.contains("role \"\(superuser)\" is not permitted to log in")
    }

    static func lacksSuperuser(_ output: String) -> Bool { output.contains("role \"\(superuser)\" does not exist") }

    /// What divides the superuser `martlet` of an earlier version into two roles; one transaction, as `martlet`, in its
    /// database. The superuser that made the cluster owns what belongs to the system, so it gets another name, and the new
    /// role gets the rest. Nobody can rename himself: a third role does it, and goes.
    static let division = """
        CREATE ROLE martlet_division SUPERUSER;
        SET SESSION AUTHORIZATION martlet_division;
        ALTER ROLE martlet RENAME TO \(superuser);
        CREATE ROLE martlet LOGIN;
        UPDATE pg_db_role_setting SET setrole = (SELECT oid FROM pg_roles WHERE rolname = 'martlet') WHERE setrole = 10;
        DO $$
        DECLARE
            command text;
        BEGIN
            FOR command IN
                SELECT format('ALTER DATABASE %I OWNER TO martlet', datname) FROM pg_database WHERE datname = 'martlet'
                UNION ALL
                SELECT format('ALTER SCHEMA %I OWNER TO martlet', nspname) FROM pg_namespace
                WHERE nspowner = 10 AND oid >= 16384
                UNION ALL
                SELECT format('ALTER %s %s OWNER TO martlet', CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW'
                    WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, oid::regclass)
                FROM pg_class c
                WHERE relowner = 10 AND oid >= 16384 AND relkind IN ('r', 'p', 'S', 'v', 'm', 'f')
                    AND NOT EXISTS (
                        SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                            AND (d.deptype = 'e' OR c.relkind = 'S' AND d.deptype IN ('a', 'i')))
                UNION ALL
                SELECT format('ALTER ROUTINE %s OWNER TO martlet', oid::regprocedure) FROM pg_proc p
                WHERE proowner = 10 AND oid >= 16384 AND NOT EXISTS (
                    SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
                UNION ALL
                SELECT format('ALTER TYPE %s OWNER TO martlet', t.oid::regtype) FROM pg_type t
                LEFT JOIN pg_class c ON c.oid = typrelid
                WHERE typowner = 10 AND t.oid >= 16384 AND (typtype IN ('d', 'e', 'r') OR c.relkind = 'c')
                    AND NOT EXISTS (
                        SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid
                            AND d.deptype = 'e')
            LOOP
                EXECUTE command;
            END LOOP;
        END
        $$;
        RESET SESSION AUTHORIZATION;
        DROP ROLE martlet_division
        """
}
