/// How long tokens are good for.
public enum TokenLife {
    /// Of an access token.
    public static let accessSeconds: Int64 = 900
    static let refreshDays: Int64 = 30
}
