/* The guest's disks.
 *
 *   tell_disks           GUEST-DISK name, size, serial number, whether it can be written, logical sector, and the first bytes of its second
 *                        sector; of an ISO 9660 file system its label and, for each file, its first line (as Rock Ridge names it, then
 *                        as Joliet does)
 *   use_disk             writes numbered blocks round and round, each at once on the storage, and reads one of the last round back each
 *                        time. First it looks what an earlier life left: GUEST-DISK-FOUND n. DISK-WRITTEN n while it goes on;
 *                        GUEST-DISK-CORRUPT when something is not as it was written.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>
#include "guestd.h"

enum { BLOCK = 4096, BLOCKS = 256, TELL_EVERY = 16 };

static void read_text(const char *path, char *text, int size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), n = fd < 0 ? 0 : read(fd, text, size - 1);
    if (fd >= 0) close(fd);
    text[n > 0 ? n : 0] = 0;
    text[strcspn(text, "\n")] = 0;
}

/* Of SCSI disks only the page with the serial number is there: four bytes of head, then the number. */
static void read_serial(const char *name, char *serial, int size)
{
    char path[200], page[64];
    snprintf(path, sizeof path, "/sys/block/%s/serial", name);
    read_text(path, serial, size);
    if (serial[0]) return;
    snprintf(path, sizeof path, "/sys/block/%s/device/vpd_pg80", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC), n = fd < 0 ? 0 : read(fd, page, sizeof page);
    if (fd >= 0) close(fd);
    if (n > 4) snprintf(serial, size, "%.*s", n - 4, page + 4);
}

static void tell_files(const char *disk, const char *how, const char *folder)
{
    char path[300], text[100];
    struct dirent *entry;
    DIR *open_folder = opendir(folder);
    while (open_folder && (entry = readdir(open_folder))) {
        if (entry->d_name[0] == '.' && (!entry->d_name[1] || entry->d_name[1] == '.')) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        DIR *below = opendir(path);
        if (below) {
            closedir(below);
            tell_files(disk, how, path);
            continue;
        }
        read_text(path, text, sizeof text);
        say("GUEST-FILE %s %s %s: %s\n", disk, how, path + 4, text);
    }
    if (open_folder) closedir(open_folder);
}

static void tell_disk(const char *name)
{
    char path[200], sectors[32], read_only[8], logical[16], serial[64], content[2][33];
    snprintf(path, sizeof path, "/sys/block/%s/size", name);
    read_text(path, sectors, sizeof sectors);
    if (atoll(sectors) == 0) return;
    snprintf(path, sizeof path, "/sys/block/%s/ro", name);
    read_text(path, read_only, sizeof read_only);
    snprintf(path, sizeof path, "/sys/block/%s/queue/logical_block_size", name);
    read_text(path, logical, sizeof logical);
    read_serial(name, serial, sizeof serial);

    snprintf(path, sizeof path, "/dev/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        int n = fd < 0 ? 0 : pread(fd, content[i], 32, i ? 0x8028 : 512);
        content[i][n > 0 ? n : 0] = 0;
        content[i][strspn(content[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")] = 0;
    }
    if (fd >= 0) close(fd);
    say("GUEST-DISK %s size=%lld serial=%s ro=%s logical=%s second=%s\n", name, atoll(sectors) * 512, serial, read_only, logical, content[0]);

    for (int i = 0; i < 2; i++) {
        if (mount(path, "/mnt", "iso9660", MS_RDONLY, i ? "norock" : "")) return;
        if (!i) say("GUEST-LABEL %s %s\n", name, content[1]);
        tell_files(name, i ? "joliet" : "rockridge", "/mnt");
        umount("/mnt");
    }
}

static int count_disks(struct dirent **names, int count)
{
    char path[300], sectors[32];
    int present = 0;
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "/sys/block/%s/size", names[i]->d_name);
        read_text(path, sectors, sizeof sectors);
        present += names[i]->d_name[0] != '.' && atoll(sectors) > 0;
    }
    return present;
}

/* Disks come to light one by one. */
void tell_disks(int expected)
{
    struct dirent **names;
    int count = scandir("/sys/block", &names, 0, alphasort);
    for (int patience = 600; count_disks(names, count) < expected && patience; patience--) {
        usleep(100000);
        count = scandir("/sys/block", &names, 0, alphasort);
    }
    for (int i = 0; i < count; i++)
        if (names[i]->d_name[0] != '.') tell_disk(names[i]->d_name);
    say("GUEST-DISKS-TOLD\n");
}

static void transfer(int fd, int writing, void *block, uint64_t number)
{
    int64_t at = number % BLOCKS * BLOCK;
    if ((writing ? pwrite(fd, block, BLOCK, at) : pread(fd, block, BLOCK, at)) != BLOCK) {
        say("GUEST-ERROR disk, block %lu: %s\n", number, strerror(errno));
        _exit(1);
    }
}

static void check(const uint64_t *block, uint64_t number)
{
    for (int i = 0; i < BLOCK / 8; i++)
        if (block[i] != number + i) {
            say("GUEST-DISK-CORRUPT block %lu has %lu\n", number, block[i]);
            _exit(1);
        }
}

void use_disk(const char *path)
{
    int fd = open(path, O_RDWR | O_DIRECT | O_SYNC | O_CLOEXEC);
    uint64_t *block = aligned_alloc(BLOCK, BLOCK), last = 0;
    if (fd < 0) { say("GUEST-ERROR %s: %s\n", path, strerror(errno)); _exit(1); }
    for (uint64_t place = 0; place < BLOCKS; place++) {
        transfer(fd, 0, block, place);
        if (block[0] > last) last = block[0];
    }
    say("GUEST-DISK-FOUND %lu\n", last);
    for (uint64_t number = last > BLOCKS ? last - BLOCKS + 1 : 1; number <= last; number++) {
        transfer(fd, 0, block, number);
        check(block, number);
    }

    for (uint64_t number = last + 1;; number++) {
        for (int i = 0; i < BLOCK / 8; i++) block[i] = number + i;
        transfer(fd, 1, block, number);
        uint64_t earlier = number < BLOCKS ? number / 2 + 1 : number - BLOCKS / 2;
        transfer(fd, 0, block, earlier);
        check(block, earlier);
        if (number % TELL_EVERY == 0) say("DISK-WRITTEN %lu\n", number);
        usleep(2000);
    }
}
