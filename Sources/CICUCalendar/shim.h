#pragma once
#include <unicode/ucal.h>
#include <unicode/ustring.h>

// ICU's functions are macros that name its version.

#define MARTLET_ZONE_LENGTH 64

static inline int martlet_zone_name(const char *name, UChar *into) {
    int length = 0;
    while (name[length]) {
        if (length == MARTLET_ZONE_LENGTH || name[length] & 0x80) return -1;
        into[length] = (UChar)name[length];
        length++;
    }
    return length;
}

// Does ICU know a zone of this name?
static inline int martlet_zone_is_known(const char *name) {
    UErrorCode error = U_ZERO_ERROR;
    UChar wide[MARTLET_ZONE_LENGTH], canonical[MARTLET_ZONE_LENGTH * 2];
    UBool isSystem = 0;
    int length = martlet_zone_name(name, wide);
    if (length < 1) return 0;
    ucal_getCanonicalTimeZoneID(wide, length, canonical, MARTLET_ZONE_LENGTH * 2, &isSystem, &error);
    return U_SUCCESS(error) && isSystem;
}

// The zone's offset at a time, in milliseconds, and when it changes next; times are milliseconds since 1970.
// Returns 0: ICU can't say; 1: it never changes again; 2: `changes` is set.
static inline int martlet_zone_look(const char *name, double at, int *offset, double *changes) {
    UErrorCode error = U_ZERO_ERROR;
    UChar wide[MARTLET_ZONE_LENGTH];
    int length = martlet_zone_name(name, wide), found = 0;
    if (length < 1) return 0;
    UCalendar *calendar = ucal_open(wide, length, "en_US", UCAL_GREGORIAN, &error);
    if (U_FAILURE(error)) return 0;
    ucal_setMillis(calendar, at, &error);
    *offset = ucal_get(calendar, UCAL_ZONE_OFFSET, &error) + ucal_get(calendar, UCAL_DST_OFFSET, &error);
    found = ucal_getTimeZoneTransitionDate(calendar, UCAL_TZ_TRANSITION_NEXT, changes, &error) ? 2 : 1;
    ucal_close(calendar);
    return U_FAILURE(error) ? 0 : found;
}
