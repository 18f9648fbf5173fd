import Core
import HTTPService

enum UserPath {
    static let id = PathParameter.id("id", "Of the user.")
    static let handle = PathParameter("handle", .string(), example: "ada_l", "In any case.") { $0 }
}

enum FollowFields {
    static let user = Field.id("user_id", "Whom to follow.")
}

enum MuteFields {
    static let until = Field.time(
        "until", example: "2099-12-31T23:00:00.000Z", "When it ends by itself; without it, never."
    ).orNil
    static let notifications = Field.boolean(
        "notifications", example: true, "Are notifications kept out, too? Without it, they are."
    ).or(true)
}
