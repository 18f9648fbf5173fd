import Core
import HTTPService

enum UserPath {
    static let id = PathParameter.id("id", "Of the user.")
    static let handle = PathParameter("handle", .string(), example: "ada_l", "In any case.") { $0 }
}

enum FollowFields {
    static let user = Field.id("user_id", "Whom to follow.")
}
