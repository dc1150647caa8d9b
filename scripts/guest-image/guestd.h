/* What guestd.c, nics.c and disks.c know of each other. */
#include <stdint.h>

/* A console that nobody reads must not stop the guest: the line is dropped. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
double now(void);

/* Descriptors to poll, and what to do when there is something to read. */
int watch_nics(void), listen_dhcp6(void);
void see_nics(int fd), hear_dhcp6(int fd);
/* Every second. */
void tick_nics(void);
void tell_disks(int expected);
void use_disk(const char *path);
