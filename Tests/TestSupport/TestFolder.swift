import Glibc

public enum TestFolder {
    /// Where a server of this process's tests has its data (scripts/test-folder says where it may be).
    public static func path(_ name: String) -> String {
        (getenv("MARTLET_TEST_FOLDER").map { String(cString: $0) } ?? "/tmp") + "/martlet-\(name)-\(getpid())"
    }
}
