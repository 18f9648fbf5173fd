/// The parameters of every list.
public enum PageParameters {
    public static let most = 100
    /// Without a default, for where it does not go with others.
    public static let howMany = Parameter.integer("limit", in: 1...most, example: 20, "Items of a page.")
    public static let limit = howMany.or(30)
    public static let cursor = Parameter.text(
        "cursor", Component.cursor.reference, example: Component.cursor.example.string!,
        "`next` of the page before. Another list's or another caller's gets 400 `invalid_cursor`.",
        problems: [.invalidCursor]
    ).orNil
}

extension Schema {
    /// `{"items": […], "next"?}`, as all lists are.
    public static func list(of item: Component, more: [Property] = []) -> Schema {
        object(
            [.always("items", .array(of: item.reference, count: 0...PageParameters.most))]
                + [.sometimes("next", Component.cursor.reference, "Where the list goes on; without it, it ends here.")]
                + more)
    }
}
