import Testing

@testable import Store

@Suite struct ConnectionInfoTests {
    @Test(arguments: [
        "postgresql://u:p@h:5432,i:5433/d?sslmode=require", "host=h user=u", "host='/a b' port=", "", "postgres://",
    ]) func taken(_ text: String) {
        #expect(Database.problem(withConnectionInfo: text) == nil)
    }

    @Test(arguments: [
        "host", "nosuch=1", "postgresql://u:secret%zz@h", "postgresql://u:secret@h:x/d", "host=h password=my secret",
        "host='secret", "port=0", "port=1,70000", "sslmode=secret", "postgresql://[secret/",
    ]) func refusedWithoutWhatMayBeSecret(_ text: String) {
        let problem = Database.problem(withConnectionInfo: text)
        #expect(problem != nil && problem?.contains("secret") == false, "\(problem ?? "")")
    }

    @Test func theServersReasonForARefusal() {
        let text = """
            connection to server at "127.0.0.1", port 5432 failed: FATAL:  28P01: password authentication failed for user "x"
            LOCATION:  auth_failed, auth.c:340
            """
        let error = PgError(connectionFailure: text)
        #expect(error?.sqlState == "28P01" && error?.message == "password authentication failed for user \"x\"")
        #expect(error?.isRefusal == true)
        #expect(PgError(connectionFailure: "connection to server failed: Connection refused") == nil)
        #expect(PgError(connectionFailure: "x: FATAL:  57P03: starting up")?.isRefusal == false)
    }
}
