#include "CBuild.h"

#define TEXT_OF(word) #word
#define TEXT(word) TEXT_OF(word)

const char *martlet_build_commit(void) { return TEXT(BUILD_COMMIT); }
