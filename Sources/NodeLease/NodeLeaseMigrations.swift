public import Store

public enum NodeLeaseMigrations {
    public static let all = [
        Migration(
            16, "node numbers of ids",
            [
                // `ids_until` in milliseconds since 1970. 0 to 15 are the setting's, 62 and 63 the operator's commands'.
                """
                CREATE TABLE id_nodes (
                    number smallint PRIMARY KEY CHECK (number BETWEEN 0 AND 61),
                    token text,
                    ids_until bigint NOT NULL DEFAULT 0,
                    renewed_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 50)
                """,
                "INSERT INTO id_nodes (number) SELECT generate_series(16, 61)",
            ])
    ]
}
