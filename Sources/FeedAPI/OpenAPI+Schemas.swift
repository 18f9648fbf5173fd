import HTTPService

extension OpenAPI {
    static var schemas: String {
        object(bodies + values + answers)
    }

    /// What is cut off at both ends of a text: Unicode's property White_Space.
    private static let space =
        #"\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"#
    /// Control and format characters and line separators; but for the joiner and the tags, which are parts of emoji.
    private static let control =
        #"\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u180e"#
        + #"\\u200b\\u200c\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\ud804\udcbd"#
        + #"\ud804\udccd\ud80d\udc30-\ud80d\udc3f\ud82f\udca0-\ud82f\udca3"#
        + #"\ud834\udd73-\ud834\udd7a\udb40\udc01"#
    /// What is drawn as nothing, beside these and white space (Unicode's Default_Ignorable_Code_Point, and U+2800).
    private static let unseen =
        #"\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200d\\u2800\\u3164\\ufe00-\\ufe0f\\uffa0"#
        + #"\\ufff0-\\ufff8\udb40\udc00-\udb43\udfff"#

    private static let namePattern =
        "^[\(space)]*[^\(control)]*[^\(space)\(control)\(unseen)][^\(control)]*[\(space)]*$"

    /// Of texts: all but line feed and tab.
    private static let textControl = #"\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f"#

    private static let bodies: [(String, String)] = [
        (
            "SignUp",
            #"""
            {
                "type": "object", "additionalProperties": false, "required": ["handle", "password"],
                "properties": {
                    "handle": {"$ref": "#/components/schemas/GivenHandle"},
                    "password": {"type": "string", "minLength": 8, "maxLength": 256},
                    "display_name": {
                        "type": "string", "minLength": 1, "maxLength": 60,
                        "pattern": "\#(namePattern)",
                        "description": "White space at the ends is trimmed, and the length counts without it. \#
            Something in it is visible, and format characters are inside emoji only. Without this key: the handle."
                    }
                }
            }
            """#
        ),
        (
            "LogIn",
            #"""
            {
                "type": "object", "additionalProperties": false, "required": ["handle", "password"],
                "properties": {"handle": {"type": "string"}, "password": {"type": "string"}}
            }
            """#
        ),
        (
            "RefreshToken",
            #"""
            {
                "type": "object", "additionalProperties": false, "required": ["refresh_token"],
                "properties": {"refresh_token": {"type": "string"}}
            }
            """#
        ),
        (
            "Follow",
            #"""
            {
                "type": "object", "additionalProperties": false, "required": ["user_id"],
                "properties": {"user_id": {"$ref": "#/components/schemas/Id"}}
            }
            """#
        ),
        (
            "NewPost",
            #"""
            {
                "type": "object", "additionalProperties": false, "required": ["text"],
                "properties": {
                    "text": {
                        "type": "string", "minLength": 1, "maxLength": 5000,
                        "pattern": "^[^\#(textControl)]*[^\#(textControl)\#(space)][^\#(textControl)]*$",
                        "description": "White space at the ends is trimmed, and the length counts without it, \#
            in Unicode scalars. At most 128 combining marks in a row, no control characters but line feed and tab."
                    }
                }
            }
            """#
        ),
    ]

    private static let values: [(String, String)] = [
        ("Id", #"{"type": "string", "pattern": "^[0-9]{1,16}$"}"#),
        (
            "GivenHandle",
            #"""
            {"type": "string", "pattern": "^[A-Za-z0-9_]{3,30}$", "description": "Made lower-case before it is used."}
            """#
        ),
        ("Cursor", #"{"type": "string", "minLength": 1, "description": "Opaque."}"#),
        (
            "Time",
            #"""
            {
                "type": "string", "format": "date-time",
                "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$"
            }
            """#
        ),
        (
            "Problem",
            #"""
            {
                "type": "object", "required": ["type", "title", "status", "code", "detail", "request_id"],
                "properties": {
                    "type": {"type": "string", "format": "uri-reference", "pattern": "^/problems/[a-z_]+$"},
                    "title": {"type": "string", "minLength": 1},
                    "status": {"type": "integer", "minimum": 400, "maximum": 599},
                    "code": {"type": "string", "enum": \#(array(ErrorCode.allCases.map { text($0.rawValue) }))},
                    "detail": {"type": "string", "minLength": 1},
                    "field": {"type": "string", "description": "The key, parameter or header that is wrong."},
                    "request_id": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}
                }
            }
            """#
        ),
    ]

    private static let identity = #"""
        "id": {"$ref": "#/components/schemas/Id"},
        "handle": {"type": "string", "pattern": "^[a-z0-9_]{3,30}$"},
        "display_name": {"type": "string", "minLength": 1, "maxLength": 60}
        """#

    private static let answers: [(String, String)] = [
        (
            "User",
            #"""
            {
                "type": "object",
                "required": ["id", "handle", "display_name", "created_at", "followers", "following", "posts"],
                "properties": {
                    \#(identity),
                    "created_at": {"$ref": "#/components/schemas/Time"},
                    "followers": {"type": "integer", "minimum": 0},
                    "following": {"type": "integer", "minimum": 0},
                    "posts": {"type": "integer", "minimum": 0},
                    "followed": {
                        "type": "boolean", "description": "Does the caller follow this user? Only when signed in."
                    }
                }
            }
            """#
        ),
        (
            "Author",
            #"""
            {
                "type": "object", "required": ["id", "handle", "display_name"],
                "properties": {
                    \#(identity)
                }
            }
            """#
        ),
        (
            "Session",
            #"""
            {
                "type": "object", "required": ["user", "access_token", "token_type", "expires_in", "refresh_token"],
                "properties": {
                    "user": {"$ref": "#/components/schemas/User"},
                    "access_token": {"type": "string"},
                    "token_type": {"const": "Bearer"},
                    "expires_in": {"type": "integer", "minimum": 1, "description": "Seconds."},
                    "refresh_token": {"type": "string"}
                }
            }
            """#
        ),
        (
            "Post",
            #"""
            {
                "type": "object", "required": ["id", "author", "text", "created_at"],
                "properties": {
                    "id": {"$ref": "#/components/schemas/Id"},
                    "author": {"$ref": "#/components/schemas/Author"},
                    "text": {"type": "string", "minLength": 1, "maxLength": 5000},
                    "created_at": {"$ref": "#/components/schemas/Time"}
                }
            }
            """#
        ),
        (
            "PostCreated",
            #"""
            {
                "type": "object", "required": ["type", "post"],
                "properties": {"type": {"const": "post.created"}, "post": {"$ref": "#/components/schemas/Post"}}
            }
            """#
        ),
        (
            "PostDeleted",
            #"""
            {
                "type": "object", "required": ["type", "post_id"],
                "properties": {"type": {"const": "post.deleted"}, "post_id": {"$ref": "#/components/schemas/Id"}}
            }
            """#
        ),
        (
            "Event",
            #"""
            {
                "oneOf": [{"$ref": "#/components/schemas/PostCreated"}, {"$ref": "#/components/schemas/PostDeleted"}],
                "discriminator": {
                    "propertyName": "type",
                    "mapping": {
                        "post.created": "#/components/schemas/PostCreated",
                        "post.deleted": "#/components/schemas/PostDeleted"
                    }
                }
            }
            """#
        ),
        ("UserList", list(of: "User")),
        ("PostList", list(of: "Post")),
        ("FeedPage", list(of: "Post", more: [("live", schema("Cursor"))])),
        (
            "FeedEvents",
            #"""
            {
                "type": "object", "required": ["items", "live", "reset"],
                "properties": {
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
                    "live": {"$ref": "#/components/schemas/Cursor"},
                    "reset": {
                        "type": "boolean",
                        "description": "The position is out of the window; there are no items: read the feed."
                    }
                }
            }
            """#
        ),
        ("Feed", object([("anyOf", array([schema("FeedPage"), schema("FeedEvents")]))])),
        (
            "Health",
            #"""
            {
                "type": "object", "required": ["status"],
                "properties": {
                    "status": {"enum": ["alive", "ready", "not ready"]},
                    "missing": {"type": "array", "minItems": 1, "items": {"type": "string"}}
                }
            }
            """#
        ),
        (
            "Ticket",
            #"""
            {
                "type": "object", "required": ["ticket", "expires_in"],
                "properties": {
                    "ticket": {"type": "string"}, "expires_in": {"const": 30, "description": "Seconds."}
                }
            }
            """#
        ),
    ]

    /// - Parameter more: keys beside `items` and `next`, always there.
    private static func list(of item: String, more: [(String, String)] = []) -> String {
        let items = object([("type", text("array")), ("maxItems", "100"), ("items", schema(item))])
        return object([
            ("type", text("object")), ("required", array((["items"] + more.map(\.0)).map(text))),
            ("properties", object([("items", items), ("next", schema("Cursor"))] + more)),
        ])
    }
}
