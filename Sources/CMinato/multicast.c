#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "address_internal.h"
#include "minato/option.h"

/// The option level of an IP family, or `-EAFNOSUPPORT`.
static int level_of(int32_t family) {
    switch (family) {
    case AF_INET:
        return IPPROTO_IP;
    case AF_INET6:
        return IPPROTO_IPV6;
    default:
        return -EAFNOSUPPORT;
    }
}

/// Joins or leaves: the protocol-independent options of RFC 3678 take the same structures for both.
static int32_t change_membership(
    int32_t descriptor, const minato_address *group, const minato_address *source, uint32_t interface_index,
    int any_source_name, int one_source_name) {
    int level = level_of(minato_address_family(group));
    if (level < 0) return level;
    if (source == NULL) {
        struct group_req request = {.gr_interface = interface_index};
        memcpy(&request.gr_group, group, sizeof request.gr_group);
        return minato_option_set_bytes(descriptor, level, any_source_name, &request, sizeof request);
    }
    if (level_of(minato_address_family(source)) < 0) return -EAFNOSUPPORT;
    struct group_source_req request = {.gsr_interface = interface_index};
    memcpy(&request.gsr_group, group, sizeof request.gsr_group);
    memcpy(&request.gsr_source, source, sizeof request.gsr_source);
    return minato_option_set_bytes(descriptor, level, one_source_name, &request, sizeof request);
}

int32_t minato_option_join_group(
    int32_t descriptor, const minato_address *group, const minato_address *source, uint32_t interface_index) {
    return change_membership(descriptor, group, source, interface_index, MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP);
}

int32_t minato_option_leave_group(
    int32_t descriptor, const minato_address *group, const minato_address *source, uint32_t interface_index) {
    return change_membership(descriptor, group, source, interface_index, MCAST_LEAVE_GROUP, MCAST_LEAVE_SOURCE_GROUP);
}

/// Sets the option of the family: the same thing under two names.
static int32_t set_for_family(int32_t descriptor, int32_t family, int ipv4_name, int ipv6_name, int32_t value) {
    int level = level_of(family);
    if (level < 0) return level;
    return minato_option_set_integer(descriptor, level, family == AF_INET ? ipv4_name : ipv6_name, value);
}

int32_t minato_option_set_multicast_hops(int32_t descriptor, int32_t family, int32_t hops) {
    // The kernel takes -1 for its default, which is not a number of hops.
    if (hops < 0 || hops > 255) return -EINVAL;
    return set_for_family(descriptor, family, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, hops);
}

int32_t minato_option_set_multicast_loop(int32_t descriptor, int32_t family, bool loop) {
    return set_for_family(descriptor, family, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, loop ? 1 : 0);
}

int32_t minato_option_set_multicast_interface(int32_t descriptor, int32_t family, uint32_t interface_index) {
    int level = level_of(family);
    if (level < 0) return level;
    if (interface_index > INT_MAX) return -ENODEV;
    if (family == AF_INET6) {
        return minato_option_set_integer(descriptor, level, IPV6_MULTICAST_IF, (int32_t)interface_index);
    }
    struct ip_mreqn request = {.imr_ifindex = (int)interface_index};
    return minato_option_set_bytes(descriptor, level, IP_MULTICAST_IF, &request, sizeof request);
}
