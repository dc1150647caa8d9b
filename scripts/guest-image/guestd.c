/* The one program of the test guest (with nics.c and disks.c).
 *
 *   port 7 TCP and UDP   echo, IPv4 and IPv6, many connections at once
 *   port 9 TCP           reads and forgets; port 19 TCP sends for ever: for measuring
 *   port 80 TCP          answers "hello from the guest" to anything; asked for /poweroff the program ends, as for the power button
 *   TICK n               on the console, every second of the guest's clock
 *   dirty=MIB            kernel argument: keeps rewriting that much memory, checking what it wrote the round before;
 *                        GUEST-CORRUPT on the console when a page is not what it was
 *   dirtyrate=MIB        per second at most; without it as fast as the CPU allows
 *   disks=N              waits for N disks, then tells what they are and hold, see disks.c
 *   disk=/dev/vda        keeps writing to that disk and reading back, see disks.c
 *   ACPI power button    the program ends, and init powers the guest off
 *   NICs                 see nics.c: DHCPv4 and DHCPv6 for each, hot-plugged ones too, and a line for whatever happens to them
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "guestd.h"

enum { CONNECTIONS = 256, BUFFER = 65536, FIXED = 10, PAGE = 4096 };
enum service { ECHO, DISCARD, CHARGEN };

struct connection { int fd; enum service service; char *data; int start, end; };

static struct connection connections[CONNECTIONS];

void say(const char *format, ...)
{
    char line[200];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    /* EAGAIN is also what one is told while another process writes a line. */
    for (int attempt = 0; write(1, line, length) < 0 && attempt < 20; attempt++) {
        if (errno != EAGAIN) _exit(2);
        usleep(1000);
    }
}

static int listen_on(int type, int port)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    int fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (type == SOCK_DGRAM) {
        /* What came while the guest stood still comes at once: none of it is to be lost in here. */
        int room = 16 << 20;
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof one);
    }
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || (type == SOCK_STREAM && listen(fd, 128)))
        say("GUEST-ERROR port %d: %s\n", port, strerror(errno));
    return fd;
}

static void accept_connection(int listener, enum service service)
{
    int fd = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof one);
    for (int i = 0; i < CONNECTIONS; i++)
        if (connections[i].fd < 0) {
            char *data = connections[i].data ? connections[i].data : calloc(1, BUFFER);
            connections[i] = (struct connection){ .fd = fd, .service = service, .data = data };
            return;
        }
    close(fd);
}

/* Whether the guest is to end. */
static int accept_http(int listener)
{
    static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Length: 21\r\nContent-Type: text/plain\r\n\r\nhello from the guest\n";
    int fd = accept4(listener, 0, 0, SOCK_CLOEXEC);
    if (fd < 0) return 0;
    struct timeval patience = { .tv_sec = 1 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    static const char poweroff[] = "GET /poweroff ";
    char request[2048] = "";
    if (read(fd, request, sizeof request) > 0 && write(fd, answer, sizeof answer - 1) > 0) shutdown(fd, SHUT_WR);
    close(fd);
    return !strncmp(request, poweroff, sizeof poweroff - 1);
}

static void serve_echo(struct connection *c)
{
    if (c->start == c->end) {
        int n = read(c->fd, c->data, BUFFER);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) { close(c->fd); c->fd = -1; return; }
        c->start = 0;
        c->end = n;
    }
    int n = send(c->fd, c->data + c->start, c->end - c->start, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) { close(c->fd); c->fd = -1; return; }
    if (n > 0) c->start += n;
}

static void serve_bulk(struct connection *c)
{
    int n = c->service == DISCARD ? read(c->fd, c->data, BUFFER) : send(c->fd, c->data, BUFFER, MSG_NOSIGNAL);
    if (n == 0 || (n < 0 && errno != EAGAIN)) { close(c->fd); c->fd = -1; }
}

static void serve_udp(int fd)
{
    static char data[BUFFER];
    /* The answer comes from the address that was asked, of however many there are. */
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(struct in6_pktinfo))]; } to;
    struct sockaddr_in6 from;
    for (int i = 0; i < 64; i++) {
        struct iovec part = { data, sizeof data };
        struct msghdr message = { &from, sizeof from, &part, 1, &to, sizeof to };
        int n = recvmsg(fd, &message, 0);
        if (n < 0) return;
        part.iov_len = n;
        if (message.msg_controllen) ((struct in6_pktinfo *)CMSG_DATA(&to.header))->ipi6_ifindex = 0;
        sendmsg(fd, &message, 0);
    }
}

static int power_pressed(int fd)
{
    struct input_event event;
    return read(fd, &event, sizeof event) == sizeof event && event.type == EV_KEY && event.code == KEY_POWER && event.value;
}

static int open_power_button(void)
{
    char path[64], name[64];
    for (int i = 0; i < 16; i++) {
        snprintf(path, sizeof path, "/dev/input/event%d", i);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) continue;
        if (ioctl(fd, EVIOCGNAME(sizeof name), name) > 0 && strstr(name, "Power Button")) return fd;
        close(fd);
    }
    say("GUEST-ERROR no power button\n");
    return -1;
}

double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void rewrite_memory(size_t mib, double rate)
{
    size_t pages = mib * 256;
    uint64_t *memory = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), noise = 88172645463325252u;
    if (memory == MAP_FAILED) { say("GUEST-ERROR dirty=%zu: %s\n", mib, strerror(errno)); _exit(1); }
    /* Not zeros and not compressible: what is migrated has its full size. */
    for (size_t i = 0; i < pages * PAGE / 8; i++) {
        noise ^= noise << 13, noise ^= noise >> 7, noise ^= noise << 17;
        memory[i] = noise;
    }
    for (size_t p = 0; p < pages; p++) memory[p * 512] = p;
    say("GUEST-DIRTYING %zu\n", mib);
    double budget_from = now();
    for (uint64_t round = 1, written = 0;; round++)
        for (size_t p = 0; p < pages; p++) {
            if (memory[p * 512] != p + round - 1) { say("GUEST-CORRUPT page %zu of round %lu\n", p, round); _exit(1); }
            memory[p * 512] = p + round;
            if (rate > 0 && (++written & 255) == 0) {
                double due = budget_from + written / 256.0 / rate, t = now();
                if (due < t - 1) budget_from += t - due; /* a stop is not made up for */
                if (due > t) usleep((due - t) * 1e6);
            }
        }
}

int main(void)
{
    fcntl(1, F_SETFL, O_NONBLOCK);
    signal(SIGCHLD, SIG_IGN);
    const char *dirty = getenv("dirty"), *rate = getenv("dirtyrate");
    if (dirty && atol(dirty) > 0 && fork() == 0) rewrite_memory(atol(dirty), rate ? atof(rate) : 0);

    if (getenv("disks")) tell_disks(atoi(getenv("disks")));
    if (getenv("disk") && fork() == 0) use_disk(getenv("disk"));

    for (int i = 0; i < CONNECTIONS; i++) connections[i].fd = -1;
    int echo = listen_on(SOCK_STREAM, 7), udp = listen_on(SOCK_DGRAM, 7), http = listen_on(SOCK_STREAM, 80);
    int discard = listen_on(SOCK_STREAM, 9), chargen = listen_on(SOCK_STREAM, 19);
    int tick = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), nics = watch_nics(), dhcp6 = listen_dhcp6(), power = open_power_button();
    struct itimerspec second = { { 1, 0 }, { 1, 0 } };
    timerfd_settime(tick, 0, &second, 0);
    say("GUEST-UP\n");

    for (uint64_t ticks = 0;;) {
        struct pollfd polled[FIXED + CONNECTIONS] = {
            { echo, POLLIN }, { udp, POLLIN }, { http, POLLIN }, { tick, POLLIN }, { nics, POLLIN }, { power, POLLIN }, { dhcp6, POLLIN }, { discard, POLLIN }, { chargen, POLLIN }, { -1 } };
        for (int i = 0; i < CONNECTIONS; i++) {
            struct connection *c = &connections[i];
            int reads = c->service == DISCARD || (c->service == ECHO && c->start == c->end);
            polled[FIXED + i] = (struct pollfd){ c->fd, reads ? POLLIN : POLLOUT };
        }
        if (poll(polled, FIXED + CONNECTIONS, -1) < 0) continue;
        for (int i = 0; i < CONNECTIONS; i++)
            if (polled[FIXED + i].revents) (connections[i].service == ECHO ? serve_echo : serve_bulk)(&connections[i]);
        if (polled[0].revents) accept_connection(echo, ECHO);
        if (polled[7].revents) accept_connection(discard, DISCARD);
        if (polled[8].revents) accept_connection(chargen, CHARGEN);
        if (polled[1].revents) serve_udp(udp);
        if (polled[2].revents && accept_http(http)) return 0;
        if (polled[3].revents) {
            uint64_t passed;
            if (read(tick, &passed, sizeof passed) == sizeof passed) say("TICK %lu\n", ++ticks);
            tick_nics();
        }
        if (polled[4].revents) see_nics(nics);
        if (polled[6].revents) hear_dhcp6(dhcp6);
        if (polled[5].revents && power_pressed(power)) return 0;
    }
}
