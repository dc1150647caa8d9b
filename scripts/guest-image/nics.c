/* The guest's NICs, which may come and go. Each gets a DHCPv4 client (busybox) when it is seen, and a DHCPv6 client (below, RFC 8415:
 * Solicit, Request, Confirm, Renew, Rebind for one address) when a router says that addresses are managed. Both ask again when the
 * carrier comes back, as desktop and cloud images do. With ip= on the kernel's command line IPv4 is what the initramfs made of that. On the
 * console:
 *
 *   GUEST-NIC eth1 02:… queues 2   a NIC appeared             GUEST-NIC-GONE eth1
 *   GUEST-CARRIER eth1 up|down     its carrier as it changes
 *   GUEST-ADDRESS eth1 fd00::5/128 an address is in use (v6: after duplicate address detection; v4: by /etc/udhcpc, with the routes)
 *   GUEST-ADDRESS-GONE eth1 fd00::5/128
 *   GUEST-DUPLICATE eth1 fd00::5   somebody else has this address
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "guestd.h"

enum { NICS = 16, SHOWN = 8, BUFFER = 65536, ETHERNET = 1, MANAGED = 0x40 /* IF_RA_MANAGED */, NEVER = 0xffffffff, LOWER_UP = 0x10000 /* IFF_LOWER_UP: IFF_RUNNING is true for a moment without a carrier, too */ };

enum { SOLICIT = 1, ADVERTISE, REQUEST, CONFIRM, RENEW, REBIND, REPLY };
enum { CLIENT_ID = 1, SERVER_ID, IA_NA, IA_ADDRESS = 5, WANTED, ELAPSED = 8, STATUS = 13, NAME_SERVERS = 23, SEARCH = 24 };
enum { NO_BINDING = 3, NOT_ON_LINK = 4 };

struct nic {
    int index, running, was_up;
    pid_t dhcp4;
    char name[IF_NAMESIZE];
    unsigned char mac[6];
    struct in6_addr shown[SHOWN];

    /* DHCPv6: what is being asked (0: nothing), and what was got. */
    int asking, attempts, server_length;
    double asked, ask_at, got;
    uint32_t transaction, t1, t2, preferred, valid;
    unsigned char server[130];
    struct in6_addr address;
};

static struct nic nics[NICS];
static int dhcp6;

static struct nic *find(int index)
{
    for (int i = 0; i < NICS; i++)
        if (nics[i].index == index) return &nics[i];
    return 0;
}

/* ---- DHCPv6 */

static unsigned char *put16(unsigned char *p, unsigned v) { *p++ = v >> 8; *p++ = v; return p; }
static unsigned char *put32(unsigned char *p, uint32_t v) { return put16(put16(p, v >> 16), v); }
static unsigned get16(const unsigned char *p) { return p[0] << 8 | p[1]; }
static uint32_t get32(const unsigned char *p) { return (uint32_t)get16(p) << 16 | get16(p + 2); }

static unsigned char *put_option(unsigned char *p, int code, const void *data, int length)
{
    p = put16(put16(p, code), length);
    memcpy(p, data, length);
    return p + length;
}

/* DUID-LL */
static int duid(struct nic *nic, unsigned char *to)
{
    memcpy(put16(put16(to, 3), ETHERNET), nic->mac, 6);
    return 10;
}

static void send_dhcp6(struct nic *nic)
{
    unsigned char message[512], id[10], *p = message;
    double passed = (now() - nic->asked) * 100;
    int with_address = nic->asking >= CONFIRM;
    p = put32(p, (uint32_t)nic->asking << 24 | nic->transaction);
    p = put_option(p, CLIENT_ID, id, duid(nic, id));
    if (nic->asking == REQUEST || nic->asking == RENEW) p = put_option(p, SERVER_ID, nic->server, nic->server_length);
    p = put16(put16(put16(p, ELAPSED), 2), passed > 0xffff ? 0xffff : passed);
    p = put16(put16(p, IA_NA), with_address || nic->asking == REQUEST ? 12 + 28 : 12);
    p = put32(put32(put32(p, nic->index), 0), 0);
    if (with_address || nic->asking == REQUEST) {
        p = put16(put16(p, IA_ADDRESS), 24);
        memcpy(p, &nic->address, 16);
        p = put32(put32(p + 16, 0), 0);
    }
    p = put16(put16(put16(put16(p, WANTED), 4), NAME_SERVERS), SEARCH);
    struct sockaddr_in6 servers = { .sin6_family = AF_INET6, .sin6_port = htons(547), .sin6_scope_id = nic->index };
    inet_pton(AF_INET6, "ff02::1:2", &servers.sin6_addr);
    /* Without a usable link-local address nothing leaves: it is tried again. */
    sendto(dhcp6, message, p - message, 0, (struct sockaddr *)&servers, sizeof servers);
}

static void ask(struct nic *nic, int what)
{
    nic->asking = what;
    nic->attempts = 0;
    nic->asked = now();
    nic->transaction = random() & 0xffffff;
    nic->ask_at = 0;
}

static void use_address(struct nic *nic)
{
    struct { struct nlmsghdr header; struct ifaddrmsg address; char attributes[64]; } request = {
        { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)), .nlmsg_type = RTM_NEWADDR, .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE },
        { .ifa_family = AF_INET6, .ifa_prefixlen = 128, .ifa_index = nic->index } };
    struct ifa_cacheinfo lifetime = { .ifa_prefered = nic->preferred, .ifa_valid = nic->valid };
    struct rtattr *attribute = (void *)((char *)&request + NLMSG_ALIGN(request.header.nlmsg_len));
    *attribute = (struct rtattr){ RTA_LENGTH(16), IFA_ADDRESS };
    memcpy(RTA_DATA(attribute), &nic->address, 16);
    attribute = (void *)((char *)attribute + RTA_SPACE(16));
    *attribute = (struct rtattr){ RTA_LENGTH(sizeof lifetime), IFA_CACHEINFO };
    memcpy(RTA_DATA(attribute), &lifetime, sizeof lifetime);
    request.header.nlmsg_len = (char *)attribute + RTA_SPACE(sizeof lifetime) - (char *)&request;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (send(fd, &request, request.header.nlmsg_len, 0) < 0) say("GUEST-ERROR %s: %s\n", nic->name, strerror(errno));
    close(fd);
}

/* The data of the first option of this code; null if there is none or the options are broken. */
static const unsigned char *option(const unsigned char *p, const unsigned char *end, int code, int *length)
{
    for (; end - p >= 4; p += 4 + *length) {
        *length = get16(p + 2);
        if (end - p - 4 < *length) return 0;
        if ((int)get16(p) == code) return p + 4;
    }
    return 0;
}

static int status(const unsigned char *p, const unsigned char *end)
{
    int length;
    const unsigned char *code = option(p, end, STATUS, &length);
    return code && length >= 2 ? (int)get16(code) : 0;
}

static void take(struct nic *nic, int type, const unsigned char *p, const unsigned char *end)
{
    int length, server_length, part;
    const unsigned char *server = option(p, end, SERVER_ID, &server_length), *ia = option(p, end, IA_NA, &length);
    if (!server || server_length > (int)sizeof nic->server) return;
    if (nic->asking == CONFIRM) {
        if (status(p, end) == NOT_ON_LINK) ask(nic, SOLICIT);
        else nic->asking = 0;
        return;
    }
    if (!ia || length < 12 || get32(ia) != (uint32_t)nic->index) return;
    const unsigned char *lease = option(ia + 12, ia + length, IA_ADDRESS, &part);
    if (status(ia + 12, ia + length) == NO_BINDING) { ask(nic, REQUEST); return; }
    if (!lease || part < 24 || get32(lease + 20) == 0) {
        if (type == REPLY) ask(nic, SOLICIT);
        return;
    }
    memcpy(&nic->address, lease, 16);
    memcpy(nic->server, server, nic->server_length = server_length);
    if (type == ADVERTISE) { ask(nic, REQUEST); send_dhcp6(nic); nic->ask_at = now() + 1; return; }
    nic->asking = 0;
    nic->got = now();
    nic->preferred = get32(lease + 16);
    nic->valid = get32(lease + 20);
    nic->t1 = get32(ia + 4) ? get32(ia + 4) : nic->preferred == NEVER ? NEVER : nic->preferred / 2;
    nic->t2 = get32(ia + 8) ? get32(ia + 8) : nic->preferred == NEVER ? NEVER : nic->preferred / 5 * 4;
    use_address(nic);
}

void hear_dhcp6(int fd)
{
    unsigned char message[2048], mine[10];
    struct sockaddr_in6 from;
    socklen_t size = sizeof from;
    int n = recvfrom(fd, message, sizeof message, 0, (struct sockaddr *)&from, &size), length;
    struct nic *nic = n >= 4 ? find(from.sin6_scope_id) : 0;
    if (!nic || !nic->index || !nic->asking || (get32(message) & 0xffffff) != nic->transaction) return;
    const unsigned char *client = option(message + 4, message + n, CLIENT_ID, &length);
    if (!client || length != duid(nic, mine) || memcmp(client, mine, length)) return;
    if (message[0] == (nic->asking == SOLICIT ? ADVERTISE : REPLY)) take(nic, message[0], message + 4, message + n);
}

static void tick_dhcp6(struct nic *nic)
{
    double age = now() - nic->got;
    if (nic->got > 0 && nic->valid != NEVER && age >= nic->valid) { nic->got = 0; ask(nic, SOLICIT); }
    else if (nic->got > 0 && nic->t2 != NEVER && age >= nic->t2 && nic->asking != REBIND) ask(nic, REBIND);
    else if (nic->got > 0 && nic->t1 != NEVER && age >= nic->t1 && !nic->asking) ask(nic, RENEW);
    if (!nic->asking || !nic->running || now() < nic->ask_at) return;
    if (nic->asking == REQUEST && nic->attempts >= 10) ask(nic, SOLICIT);
    /* Nobody confirmed it: what was got stays (RFC 8415 §18.2.3). */
    if (nic->asking == CONFIRM && nic->attempts >= 4) { nic->asking = 0; return; }
    send_dhcp6(nic);
    nic->ask_at = now() + (nic->attempts < 5 ? 1 << nic->attempts : 30);
    nic->attempts++;
}

void tick_nics(void)
{
    for (int i = 0; i < NICS; i++)
        if (nics[i].index) tick_dhcp6(&nics[i]);
}

int listen_dhcp6(void)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(546) };
    int one = 1;
    dhcp6 = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(dhcp6, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(dhcp6, (struct sockaddr *)&address, sizeof address)) say("GUEST-ERROR port 546: %s\n", strerror(errno));
    return dhcp6;
}

/* ---- DHCPv4 */

static void start_dhcp4(struct nic *nic)
{
    if (getenv("ip")) return;
    nic->dhcp4 = fork();
    if (nic->dhcp4) return;
    int nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, 2);
    execlp("udhcpc", "udhcpc", "-f", "-i", nic->name, "-s", "/etc/udhcpc", "-t", "8", "-T", "1", "-A", "1",
           "-O", "staticroutes", "-O", "mtu", "-O", "search", (char *)0);
    _exit(1);
}

/* ---- what the kernel says */

static int queues(const char *name)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/sys/class/net/%s/queues", name);
    DIR *folder = opendir(path);
    for (struct dirent *one; folder && (one = readdir(folder));) count += !strncmp(one->d_name, "tx-", 3);
    if (folder) closedir(folder);
    return count;
}

static void begin(struct nic *nic, int index, const char *name, const unsigned char *mac)
{
    *nic = (struct nic){ .index = index };
    snprintf(nic->name, sizeof nic->name, "%s", name);
    memcpy(nic->mac, mac, 6);
    say("GUEST-NIC %s %02x:%02x:%02x:%02x:%02x:%02x queues %d\n", name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], queues(name));
    start_dhcp4(nic);
}

static void end(struct nic *nic)
{
    if (nic->dhcp4 > 1) kill(nic->dhcp4, SIGKILL);
    say("GUEST-NIC-GONE %s\n", nic->name);
    nic->index = 0;
}

static void see_carrier(struct nic *nic, int running)
{
    if (running == nic->running) return;
    nic->running = running;
    say("GUEST-CARRIER %s %s\n", nic->name, running ? "up" : "down");
    if (!running) return;
    if (nic->was_up && nic->dhcp4 > 1) kill(nic->dhcp4, SIGUSR1);
    if (nic->was_up && nic->got > 0) ask(nic, CONFIRM);
    nic->was_up = 1;
}

static void see_link(struct nlmsghdr *header)
{
    struct ifinfomsg *link = NLMSG_DATA(header);
    if ((link->ifi_flags & IFF_LOOPBACK) || link->ifi_type != ETHERNET) return;
    struct nic *nic = find(link->ifi_index);
    const char *name = 0;
    const unsigned char *mac = 0;
    uint32_t flags = 0;
    int left = header->nlmsg_len - NLMSG_LENGTH(sizeof *link);
    for (struct rtattr *a = IFLA_RTA(link); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        int type = a->rta_type & NLA_TYPE_MASK, inner = RTA_PAYLOAD(a);
        if (type == IFLA_IFNAME) name = RTA_DATA(a);
        if (type == IFLA_ADDRESS && inner == 6) mac = RTA_DATA(a);
        if (type == IFLA_PROTINFO && link->ifi_family == AF_INET6)
            for (struct rtattr *b = RTA_DATA(a); RTA_OK(b, inner); b = RTA_NEXT(b, inner))
                if (b->rta_type == IFLA_INET6_FLAGS) memcpy(&flags, RTA_DATA(b), 4);
    }
    if (link->ifi_family == AF_INET6) {
        if (nic && (flags & MANAGED) && !nic->asking && nic->got == 0) { ask(nic, SOLICIT); tick_dhcp6(nic); }
        return;
    }
    if (header->nlmsg_type == RTM_DELLINK) { if (nic) end(nic); return; }
    if (!nic && name && mac && (nic = find(0))) begin(nic, link->ifi_index, name, mac);
    if (nic) see_carrier(nic, (link->ifi_flags & LOWER_UP) != 0);
}

static void show_address(struct nic *nic, const struct in6_addr *address, int prefix)
{
    static const struct in6_addr none;
    char text[INET6_ADDRSTRLEN];
    int place = -1;
    for (int i = 0; i < SHOWN; i++) {
        if (!memcmp(&nic->shown[i], address, 16)) return;
        if (place < 0 && !memcmp(&nic->shown[i], &none, 16)) place = i;
    }
    if (place >= 0) nic->shown[place] = *address;
    inet_ntop(AF_INET6, address, text, sizeof text);
    say("GUEST-ADDRESS %s %s/%d\n", nic->name, text, prefix);
    if (!mkdir("/run/ready", 0755)) say("GUEST-READY %s\n", text);
}

static void see_address(struct nlmsghdr *header)
{
    struct ifaddrmsg *message = NLMSG_DATA(header);
    struct nic *nic = find(message->ifa_index);
    unsigned char address[16];
    char text[INET6_ADDRSTRLEN];
    uint32_t flags = message->ifa_flags;
    int left = header->nlmsg_len - NLMSG_LENGTH(sizeof *message), size = message->ifa_family == AF_INET6 ? 16 : 4, known = 0;
    for (struct rtattr *a = IFA_RTA(message); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == (size == 16 ? IFA_ADDRESS : IFA_LOCAL) && (int)RTA_PAYLOAD(a) == size) { memcpy(address, RTA_DATA(a), size); known = 1; }
        if (a->rta_type == IFA_FLAGS) memcpy(&flags, RTA_DATA(a), 4);
    }
    if (!nic || !known || message->ifa_scope >= RT_SCOPE_LINK) return;
    inet_ntop(message->ifa_family, address, text, sizeof text);
    if (header->nlmsg_type == RTM_DELADDR) {
        for (int i = 0; size == 16 && i < SHOWN; i++)
            if (!memcmp(&nic->shown[i], address, 16)) nic->shown[i] = (struct in6_addr){ 0 };
        say("GUEST-ADDRESS-GONE %s %s/%d\n", nic->name, text, message->ifa_prefixlen);
    } else if (flags & IFA_F_DADFAILED) {
        say("GUEST-DUPLICATE %s %s\n", nic->name, text);
    } else if (size == 16 && !(flags & IFA_F_TENTATIVE)) {
        show_address(nic, (void *)address, message->ifa_prefixlen);
    }
}

void see_nics(int fd)
{
    static char data[BUFFER];
    int n = recv(fd, data, sizeof data, 0);
    for (struct nlmsghdr *h = (void *)data; n > 0 && NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
        if (h->nlmsg_type == RTM_NEWLINK || h->nlmsg_type == RTM_DELLINK) see_link(h);
        if (h->nlmsg_type == RTM_NEWADDR || h->nlmsg_type == RTM_DELADDR) see_address(h);
    }
}

int watch_nics(void)
{
    struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_IFINFO };
    struct { struct nlmsghdr header; struct ifinfomsg link; } dump = {
        { .nlmsg_len = sizeof dump, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    srandom(time(0) ^ getpid());
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || send(fd, &dump, sizeof dump, 0) < 0)
        say("GUEST-ERROR netlink: %s\n", strerror(errno));
    return fd;
}
