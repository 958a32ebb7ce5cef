#include "CLinux.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

union name {
  struct sockaddr any;
  struct sockaddr_in four;
  struct sockaddr_in6 six;
};

static socklen_t to_name(union name *name, const struct clinux_endpoint *endpoint) {
  memset(name, 0, sizeof *name);
  name->any.sa_family = endpoint->family;
  if (endpoint->family == AF_INET) {
    name->four.sin_port = endpoint->port;
    memcpy(&name->four.sin_addr, endpoint->address, sizeof name->four.sin_addr);
    return sizeof name->four;
  }
  name->six.sin6_port = endpoint->port;
  name->six.sin6_scope_id = endpoint->scope;
  memcpy(&name->six.sin6_addr, endpoint->address, sizeof name->six.sin6_addr);
  return sizeof name->six;
}

static void from_name(struct clinux_endpoint *endpoint, const union name *name) {
  memset(endpoint, 0, sizeof *endpoint);
  endpoint->family = name->any.sa_family;
  if (name->any.sa_family == AF_INET) {
    endpoint->port = name->four.sin_port;
    memcpy(endpoint->address, &name->four.sin_addr, sizeof name->four.sin_addr);
  } else if (name->any.sa_family == AF_INET6) {
    endpoint->port = name->six.sin6_port;
    endpoint->scope = name->six.sin6_scope_id;
    memcpy(endpoint->address, &name->six.sin6_addr, sizeof name->six.sin6_addr);
  }
}

int clinux_bind(int fd, const struct clinux_endpoint *endpoint) {
  union name name;
  socklen_t length = to_name(&name, endpoint);
  return bind(fd, &name.any, length);
}

int clinux_connect(int fd, const struct clinux_endpoint *endpoint) {
  union name name;
  socklen_t length = to_name(&name, endpoint);
  return connect(fd, &name.any, length);
}

int clinux_local_endpoint(int fd, struct clinux_endpoint *endpoint) {
  union name name = {0};
  socklen_t length = sizeof name;
  int result = getsockname(fd, &name.any, &length);
  from_name(endpoint, &name);
  return result;
}

int clinux_report_destinations(int fd, int family) {
  return family == AF_INET ? setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &(int){1}, sizeof(int))
                           : setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &(int){1}, sizeof(int));
}

int clinux_path_mtu(int fd, int family) {
  int mtu = 0;
  socklen_t length = sizeof mtu;
  int result = family == AF_INET ? getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &length)
                                 : getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &length);
  return result < 0 ? result : mtu;
}

int clinux_can_segment(int fd) { return setsockopt(fd, SOL_UDP, UDP_SEGMENT, &(int){0}, sizeof(int)) == 0; }

int clinux_share_port(int fd) { return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int)); }

int clinux_spread_by_source(int fd, int family, unsigned int sockets) {
  // The last 4 bytes of the IP header's source address.
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_NET_OFF + (family == AF_INET ? 12 : 20))),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, sockets),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}

long clinux_receive(
    int fd, void *bytes, size_t capacity, struct clinux_endpoint *from, struct clinux_endpoint *destination) {
  union name name;
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
  } control;
  struct iovec vector = {bytes, capacity};
  struct msghdr message = {
      .msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &vector, .msg_iovlen = 1,
      .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT);
  if (length < 0) return length;
  from_name(from, &name);
  memset(destination, 0, sizeof *destination);
  for (struct cmsghdr *one = CMSG_FIRSTHDR(&message); one; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(one), sizeof info);
      destination->family = AF_INET;
      memcpy(destination->address, &info.ipi_addr, sizeof info.ipi_addr);
    } else if (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      memcpy(&info, CMSG_DATA(one), sizeof info);
      destination->family = AF_INET6;
      // The interface is part of a link-local address only.
      if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) destination->scope = info.ipi6_ifindex;
      memcpy(destination->address, &info.ipi6_addr, sizeof info.ipi6_addr);
    }
  }
  return length;
}

long clinux_receive_connected(int fd, void *bytes, size_t capacity) { return recv(fd, bytes, capacity, MSG_DONTWAIT); }

long clinux_send(int fd, const void *bytes, size_t length, const struct clinux_endpoint *to) {
  union name name;
  if (!to) return send(fd, bytes, length, MSG_DONTWAIT);
  socklen_t size = to_name(&name, to);
  return sendto(fd, bytes, length, MSG_DONTWAIT, &name.any, size);
}

int clinux_send_pieces(int fd, const struct clinux_pieces *pieces, const struct clinux_endpoint *to) {
  struct mmsghdr messages[CLINUX_MOST_DATAGRAMS];
  struct iovec vectors[2 * CLINUX_MOST_DATAGRAMS];
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(uint16_t))];
  } control = {.header = {.cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof(uint16_t))}};
  uint8_t headers[CLINUX_MOST_DATAGRAMS][4];
  uint16_t segment = (uint16_t)(sizeof headers[0] + pieces->piece_size);
  memcpy(CMSG_DATA(&control.header), &segment, sizeof segment);
  union name name;
  socklen_t name_length = to ? to_name(&name, to) : 0;
  unsigned int count = pieces->count < CLINUX_MOST_DATAGRAMS ? pieces->count : CLINUX_MOST_DATAGRAMS;
  unsigned int most = pieces->per_message ? pieces->per_message : 1, made = 0;
  size_t left = pieces->content_size;
  const uint8_t *content = pieces->content;
  for (unsigned int first = 0; first < count; first += most, made++) {
    unsigned int number = count - first < most ? count - first : most;
    for (unsigned int i = first; i < first + number; i++) {
      size_t size = left < pieces->piece_size ? left : pieces->piece_size;
      uint16_t number = (uint16_t)(pieces->first_number + i);
      memcpy(headers[i], (uint8_t[]){pieces->tag >> 8, pieces->tag & 0xff, number >> 8, number & 0xff}, sizeof headers[i]);
      vectors[2 * i] = (struct iovec){headers[i], sizeof headers[i]};
      vectors[2 * i + 1] = (struct iovec){(void *)content, size};
      content += size;
      left -= size;
    }
    messages[made] = (struct mmsghdr){.msg_hdr = {
        .msg_name = to ? &name : NULL, .msg_namelen = name_length, .msg_iov = &vectors[2 * first], .msg_iovlen = 2 * number,
        .msg_control = number > 1 ? &control : NULL, .msg_controllen = number > 1 ? sizeof control : 0}};
  }
  if (made == 0) return 0;
  if (made == 1) return sendmsg(fd, &messages[0].msg_hdr, MSG_DONTWAIT) < 0 ? -1 : (int)count;
  int sent = sendmmsg(fd, messages, made, MSG_DONTWAIT);
  if (sent < 0) return sent;
  return (unsigned int)sent == made ? (int)count : sent * (int)most;
}

int clinux_timer_create(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK); }

int clinux_timer_set(int fd, int64_t nanoseconds) {
  if (nanoseconds < 1) nanoseconds = 1;
  struct itimerspec time = {.it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
  return timerfd_settime(fd, 0, &time, NULL);
}

int clinux_poll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int clinux_poll_add(int poll, int fd, uint64_t number) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = number};
  return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

int clinux_poll_wait(int poll, uint64_t *numbers, int most, int milliseconds) {
  struct epoll_event events[CLINUX_MOST_DATAGRAMS];
  int found = epoll_wait(poll, events, most < CLINUX_MOST_DATAGRAMS ? most : CLINUX_MOST_DATAGRAMS, milliseconds);
  for (int i = 0; i < found; i++) numbers[i] = events[i].data.u64;
  return found;
}
