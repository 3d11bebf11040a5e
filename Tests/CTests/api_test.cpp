// Every function of the headers can be reached from C++, and the values keep their layout.
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include "check.h"
#include "minato/minato.h"
#include "subjects.hpp"

static_assert(sizeof(minato_address) == 136 && alignof(minato_address) == 8);
static_assert(std::is_trivially_copyable_v<minato_address> && std::is_standard_layout_v<minato_address>);
static_assert(std::is_trivially_copyable_v<minato_datagram> && std::is_standard_layout_v<minato_datagram>);
static_assert(sizeof(minato_event) == 24 && offsetof(minato_event, ready) == 16);
static_assert(sizeof(minato_poll_entry) == 12);
static_assert(sizeof(minato_buffer) == 2 * sizeof(void *));
static_assert(sizeof(minato_sigpipe_guard) == 136);
static_assert(MINATO_VERSION == MINATO_VERSION_MAJOR * 10000 + MINATO_VERSION_MINOR * 100 + MINATO_VERSION_PATCH);
static_assert(MINATO_NO_DEADLINE == INT64_MAX && MINATO_NO_WAIT == 0);

namespace {

struct Function {
    const char *name;
    void (*address)();
};

#define FUNCTION(name) \
    { #name, reinterpret_cast < void (*)()>(name) }

// `run` compares this list with the headers.
const Function functions[] = {
    FUNCTION(minato_address_set_ipv4),
    FUNCTION(minato_address_set_ipv6),
    FUNCTION(minato_address_set_unix_path),
    FUNCTION(minato_address_set_unix_abstract),
    FUNCTION(minato_address_set_unix_unnamed),
    FUNCTION(minato_address_set_raw),
    FUNCTION(minato_address_parse),
    FUNCTION(minato_address_format),
    FUNCTION(minato_address_family),
    FUNCTION(minato_address_port),
    FUNCTION(minato_address_set_port),
    FUNCTION(minato_address_octets),
    FUNCTION(minato_address_scope_id),
    FUNCTION(minato_address_flow_info),
    FUNCTION(minato_address_is_mapped),
    FUNCTION(minato_address_unix_kind),
    FUNCTION(minato_address_unix_name),
    FUNCTION(minato_address_bytes),
    FUNCTION(minato_address_compare),
    FUNCTION(minato_version),
    FUNCTION(minato_version_text),
    FUNCTION(minato_clock_now),
    FUNCTION(minato_clock_deadline),
    FUNCTION(minato_clock_deadline_from_seconds),
    FUNCTION(minato_clock_remaining),
    FUNCTION(minato_error_name),
    FUNCTION(minato_error_message),
    FUNCTION(minato_error_resolver_name),
    FUNCTION(minato_error_resolver_message),
    FUNCTION(minato_control_space),
    FUNCTION(minato_control_length),
    FUNCTION(minato_control_append),
    FUNCTION(minato_control_append_descriptors),
    FUNCTION(minato_control_append_credentials),
    FUNCTION(minato_control_append_packet_info),
    FUNCTION(minato_control_append_segment_size),
    FUNCTION(minato_control_next),
    FUNCTION(minato_control_descriptors),
    FUNCTION(minato_control_credentials),
    FUNCTION(minato_control_packet_info),
    FUNCTION(minato_control_integer),
    FUNCTION(minato_control_close_descriptors),
    FUNCTION(minato_message_send),
    FUNCTION(minato_message_receive),
    FUNCTION(minato_message_send_batch),
    FUNCTION(minato_message_receive_batch),
    FUNCTION(minato_option_set_integer),
    FUNCTION(minato_option_get_integer),
    FUNCTION(minato_option_set_boolean),
    FUNCTION(minato_option_get_boolean),
    FUNCTION(minato_option_set_duration),
    FUNCTION(minato_option_get_duration),
    FUNCTION(minato_option_set_linger),
    FUNCTION(minato_option_get_linger),
    FUNCTION(minato_option_set_bytes),
    FUNCTION(minato_option_get_bytes),
    FUNCTION(minato_option_join_group),
    FUNCTION(minato_option_leave_group),
    FUNCTION(minato_option_set_multicast_hops),
    FUNCTION(minato_option_set_multicast_loop),
    FUNCTION(minato_option_set_multicast_interface),
    FUNCTION(minato_poller_open),
    FUNCTION(minato_poller_close),
    FUNCTION(minato_poller_backend),
    FUNCTION(minato_poller_descriptor),
    FUNCTION(minato_poller_count),
    FUNCTION(minato_poller_add),
    FUNCTION(minato_poller_modify),
    FUNCTION(minato_poller_rearm),
    FUNCTION(minato_poller_remove),
    FUNCTION(minato_poller_wait),
    FUNCTION(minato_poller_wake),
    FUNCTION(minato_wait),
    FUNCTION(minato_poll),
    FUNCTION(minato_select),
    FUNCTION(minato_resolve),
    FUNCTION(minato_resolution_count),
    FUNCTION(minato_resolution_get),
    FUNCTION(minato_resolution_canonical_name),
    FUNCTION(minato_resolution_free),
    FUNCTION(minato_resolve_address),
    FUNCTION(minato_service_port),
    FUNCTION(minato_service_name),
    FUNCTION(minato_protocol_number),
    FUNCTION(minato_interface_index),
    FUNCTION(minato_interface_name),
    FUNCTION(minato_interface_list),
    FUNCTION(minato_host_name),
    FUNCTION(minato_host_entry_find),
    FUNCTION(minato_host_entry_find_address),
    FUNCTION(minato_host_entry_name),
    FUNCTION(minato_host_entry_alias),
    FUNCTION(minato_host_entry_address),
    FUNCTION(minato_host_entry_free),
    FUNCTION(minato_signal_open),
    FUNCTION(minato_signal_read),
    FUNCTION(minato_signal_block),
    FUNCTION(minato_signal_unblock),
    FUNCTION(minato_sigpipe_begin),
    FUNCTION(minato_sigpipe_end),
    FUNCTION(minato_thread_value),
    FUNCTION(minato_thread_set_value),
    FUNCTION(minato_thread_forks),
    FUNCTION(minato_thread_acquire),
    FUNCTION(minato_socket_open),
    FUNCTION(minato_socket_pair),
    FUNCTION(minato_socket_inspect),
    FUNCTION(minato_socket_close),
    FUNCTION(minato_socket_duplicate),
    FUNCTION(minato_socket_bind),
    FUNCTION(minato_socket_listen),
    FUNCTION(minato_socket_accept),
    FUNCTION(minato_socket_accept_once),
    FUNCTION(minato_socket_connect),
    FUNCTION(minato_socket_start_connect),
    FUNCTION(minato_socket_finish_connect),
    FUNCTION(minato_socket_send),
    FUNCTION(minato_socket_send_all),
    FUNCTION(minato_socket_send_once),
    FUNCTION(minato_socket_receive_once),
    FUNCTION(minato_socket_send_to),
    FUNCTION(minato_socket_receive),
    FUNCTION(minato_socket_receive_from),
    FUNCTION(minato_socket_send_file),
    FUNCTION(minato_socket_shutdown),
    FUNCTION(minato_socket_local_address),
    FUNCTION(minato_socket_peer_address),
    FUNCTION(minato_socket_set_blocking),
    FUNCTION(minato_socket_is_blocking),
    FUNCTION(minato_socket_set_inheritable),
    FUNCTION(minato_socket_is_inheritable),
};

void every_function() {
    for (const Function &function : functions) {
        check_row(function.name);
        CHECK(function.address != nullptr);
    }
    check_row(nullptr);
}

void version() {
    CHECK_INT(minato_version(), MINATO_VERSION);
    const std::string text = std::to_string(MINATO_VERSION_MAJOR) + "." + std::to_string(MINATO_VERSION_MINOR) + "." +
                             std::to_string(MINATO_VERSION_PATCH);
    CHECK_TEXT(minato_version_text(), text.c_str());
}

} // namespace

const check_test api_tests[] = {
    {"C++: every function", every_function},
    {"C++: version", version},
    {nullptr, nullptr},
};
