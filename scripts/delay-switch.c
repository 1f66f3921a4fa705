// delay-switch MICROSECONDS PORT...: an Ethernet switch between network interfaces; a frame leaves it so long after it
// came. It stands where the kernel has no netem. The host at the i-th PORT has a MAC address that ends in the byte i,
// so nothing is learned; a frame to any other address goes to all. Frames keep their order, and those that a port does
// not take (its queue is full, its link is down) are lost, as in any switch. Prints "ready" once it listens, runs until
// it is killed.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PORTS = 99, TURN = 64 }; // TURN: frames read from a port before the others have theirs

// What travels unsegmented inside of one machine: up to 64 KiB, its checksum not made yet; the header in front says so.
typedef struct {
    struct virtio_net_hdr offload;
    unsigned char bytes[ETH_HLEN + 65536];
} Packet;

typedef struct Waiting {
    struct Waiting *next;
    int64_t due; // nanoseconds
    int from;
    size_t size;
    unsigned char packet[];
} Waiting;

static void fail(const char *what) {
    fprintf(stderr, "delay-switch: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int listen_to(const char *port) {
    int one = 1, buffer = 64 << 20; // above the queues of the ports, which decide what is lost
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(port)};
    int s = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0); // protocol 0: hears nothing before bind
    if (s < 0 || address.sll_ifindex == 0 || setsockopt(s, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) ||
        setsockopt(s, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) ||
        setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) ||
        setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer) ||
        bind(s, (struct sockaddr *)&address, sizeof address))
        fail(port);
    return s;
}

static void deliver(const Waiting *w, const struct pollfd *ports, int count) {
    const unsigned char *to = w->packet + sizeof(struct virtio_net_hdr);
    int host = to[ETH_ALEN - 1], known = !(to[0] & 1) && host >= 1 && host <= count; // bit 0 marks a group of receivers
    for (int p = 0; p < count; p++) {
        if (p == w->from || (known && p != host - 1)) continue;
        if (write(ports[p].fd, w->packet, w->size) < 0 && errno != ENOBUFS && errno != EAGAIN && errno != ENETDOWN)
            perror("delay-switch: frame lost");
    }
}

int main(int argc, char **argv) {
    static Packet packet;
    struct pollfd ports[MAX_PORTS];
    int count = argc - 2;
    if (count < 1 || count > MAX_PORTS) {
        fprintf(stderr, "usage: delay-switch MICROSECONDS PORT... (1 to %d)\n", MAX_PORTS);
        return 64;
    }
    int64_t delay = atoll(argv[1]) * 1000;
    for (int p = 0; p < count; p++) ports[p] = (struct pollfd){.fd = listen_to(argv[p + 2]), .events = POLLIN};
    prctl(PR_SET_TIMERSLACK, 1000UL); // ns; 50 µs unless told
    puts("ready");
    fflush(stdout);

    Waiting *first = NULL, **end = &first; // the delay is the same for all: what came first is due first
    for (;;) {
        int64_t left = first ? first->due - now() : 0;
        left = left < 0 ? 0 : left;
        struct timespec timeout = {left / 1000000000, left % 1000000000};
        if (ppoll(ports, (nfds_t)count, first ? &timeout : NULL, NULL) < 0 && errno != EINTR) fail("ppoll");
        for (int p = 0; p < count; p++) {
            ssize_t size = 1;
            for (int i = 0; i < TURN && (size = read(ports[p].fd, &packet, sizeof packet)) > 0; i++) {
                Waiting *w = malloc(sizeof *w + (size_t)size);
                if (!w) fail("malloc");
                *w = (Waiting){.due = now() + delay, .from = p, .size = (size_t)size};
                memcpy(w->packet, &packet, (size_t)size);
                *end = w;
                end = &w->next;
            }
            // A link that is down may come up again.
            if (size < 0 && errno != EAGAIN && errno != ENETDOWN) fail(argv[p + 2]);
        }
        while (first && first->due <= now()) {
            Waiting *w = first;
            deliver(w, ports, count);
            first = w->next;
            if (!first) end = &first;
            free(w);
        }
    }
}
