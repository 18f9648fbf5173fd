#pragma once

/// The commit that the program was built from, as `BUILD_COMMIT` said when it was built; "unknown" where that was not set.
const char *_Nonnull martlet_build_commit(void);
