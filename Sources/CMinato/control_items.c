#include "internal.h"

#include "address_internal.h"
#include "minato/message.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

int32_t minato_control_append_credentials(minato_control *control, const minato_credentials *credentials) {
    struct ucred value = {
        .pid = credentials->process,
        .uid = credentials->user,
        .gid = credentials->group,
    };
    return minato_control_append(control, SOL_SOCKET, SCM_CREDENTIALS, &value, sizeof value);
}

int32_t minato_control_credentials(const minato_control_item *item, minato_credentials *credentials) {
    struct ucred value;
    if (item->level != SOL_SOCKET || item->type != SCM_CREDENTIALS || item->length < sizeof value) return -EINVAL;
    memcpy(&value, item->data, sizeof value);
    *credentials = (minato_credentials){.process = value.pid, .user = value.uid, .group = value.gid};
    return 0;
}

int32_t minato_control_append_packet_info(minato_control *control, const minato_packet_info *info) {
    const struct sockaddr *address = minato_address_const_sockaddr(&info->address);
    if (address->sa_family == AF_INET) {
        struct in_pktinfo value;
        memset(&value, 0, sizeof value);
        value.ipi_ifindex = (int)info->interface_index;
        value.ipi_spec_dst = ((const struct sockaddr_in *)(const void *)address)->sin_addr;
        return minato_control_append(control, IPPROTO_IP, IP_PKTINFO, &value, sizeof value);
    }
    if (address->sa_family == AF_INET6) {
        struct in6_pktinfo value;
        memset(&value, 0, sizeof value);
        value.ipi6_ifindex = info->interface_index;
        value.ipi6_addr = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        return minato_control_append(control, IPPROTO_IPV6, IPV6_PKTINFO, &value, sizeof value);
    }
    return -EAFNOSUPPORT;
}

int32_t minato_control_packet_info(const minato_control_item *item, minato_packet_info *info) {
    memset(info, 0, sizeof *info);
    if (item->level == IPPROTO_IP && item->type == IP_PKTINFO) {
        struct in_pktinfo value;
        if (item->length < sizeof value) return -EINVAL;
        memcpy(&value, item->data, sizeof value);
        // ipi_spec_dst is the local address that the datagram came to; ipi_addr is what its header says (a broadcast or
        // multicast address cannot be sent from). See ip(7).
        minato_address_set_ipv4(&info->address, (const uint8_t *)&value.ipi_spec_dst, 0);
        info->interface_index = (uint32_t)value.ipi_ifindex;
        return 0;
    }
    if (item->level == IPPROTO_IPV6 && item->type == IPV6_PKTINFO) {
        struct in6_pktinfo value;
        if (item->length < sizeof value) return -EINVAL;
        memcpy(&value, item->data, sizeof value);
        minato_address_set_ipv6(&info->address, value.ipi6_addr.s6_addr, 0, 0, 0);
        info->interface_index = value.ipi6_ifindex;
        return 0;
    }
    return -EINVAL;
}

int32_t minato_control_append_segment_size(minato_control *control, uint16_t size) {
    return minato_control_append(control, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size);
}

int32_t minato_control_integer(const minato_control_item *item, int32_t *value) {
    uint16_t half;
    switch (item->length) {
    case sizeof(uint8_t):
        *value = *(const uint8_t *)item->data;
        return 0;
    case sizeof half:
        memcpy(&half, item->data, sizeof half);
        *value = half;
        return 0;
    case sizeof *value:
        memcpy(value, item->data, sizeof *value);
        return 0;
    default:
        return -EINVAL;
    }
}
