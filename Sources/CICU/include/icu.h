#pragma once

// What is asked of ICU, without its own headers: Swift's Foundation brings those of another version, and both in one module are
// an error.

const void *martlet_spoof_checker(void);

// UTF-8 to UTF-8. Returns how long the skeleton is; -1: it can't be made.
int martlet_skeleton(const void *checker, const char *text, int length, char *into, int room);

// NFKC_Casefold, UTF-8 to UTF-8, of at most 2,000 units. Returns how long it is; -1: it can't be made.
int martlet_casefold(const char *text, int length, char *into, int room);

// Does ICU know a zone of this name?
int martlet_zone_is_known(const char *name);

// The zone's offset at a time, in milliseconds, and when it changes next; times are milliseconds since 1970.
// Returns 0: ICU can't say; 1: it never changes again; 2: `changes` is set.
int martlet_zone_look(const char *name, double at, int *offset, double *changes);
