//! What the headers of libminato declare, as far as the echo programs need it.
use std::ffi::{c_char, c_void};

pub const NO_DEADLINE: i64 = i64::MAX;
pub const READABLE: u32 = 1;
pub const WRITABLE: u32 = 2;
pub const AF_UNSPEC: i32 = 0;
pub const AF_UNIX: i32 = 1;
pub const AF_INET: i32 = 2;
pub const SOCK_STREAM: i32 = 1;
pub const SOCK_DGRAM: i32 = 2;
pub const SOCK_NONBLOCK: i32 = 0o4000;
pub const SOL_SOCKET: i32 = 1;
pub const SO_REUSEADDR: i32 = 2;
pub const AI_PASSIVE: i32 = 1;
pub const SHUT_WR: i32 = 1;
pub const NO_WAIT: i64 = 0;
pub const UNIX_UNNAMED: i32 = 0;
pub const UNIX_PATH: i32 = 1;

/// An address of any family. The bytes are private, as in C.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Address {
    opaque: [u64; 17],
}

#[repr(C)]
pub struct PollEntry {
    pub descriptor: i32,
    pub interest: u32,
    pub ready: u32,
}

#[repr(C)]
pub struct Resolution {
    _private: [u8; 0],
}

#[link(name = "minato")]
extern "C" {
    pub fn minato_address_set_unix_path(address: *mut Address, path: *const c_char, length: usize) -> i32;
    pub fn minato_address_set_unix_abstract(address: *mut Address, name: *const u8, length: usize) -> i32;
    pub fn minato_address_set_unix_unnamed(address: *mut Address);
    pub fn minato_address_family(address: *const Address) -> i32;
    pub fn minato_address_format(address: *const Address, buffer: *mut c_char, capacity: usize) -> i32;
    pub fn minato_address_unix_kind(address: *const Address) -> i32;
    pub fn minato_address_unix_name(address: *const Address, name: *mut u8, capacity: usize) -> i32;
    pub fn minato_clock_deadline(nanoseconds: i64) -> i64;
    pub fn minato_error_resolver_message(code: i32) -> *const c_char;
    pub fn minato_resolve(
        host: *const c_char,
        host_length: usize,
        service: *const c_char,
        service_length: usize,
        family: i32,
        kind: i32,
        protocol: i32,
        flags: i32,
        resolution: *mut *mut Resolution,
        resolver_code: *mut i32,
    ) -> i32;
    pub fn minato_resolution_count(resolution: *const Resolution) -> usize;
    pub fn minato_resolution_get(
        resolution: *const Resolution,
        index: usize,
        address: *mut Address,
        family: *mut i32,
        kind: *mut i32,
        protocol: *mut i32,
    ) -> i32;
    pub fn minato_resolution_free(resolution: *mut Resolution);
    pub fn minato_option_set_boolean(descriptor: i32, level: i32, name: i32, value: bool) -> i32;
    pub fn minato_poll(entries: *mut PollEntry, count: usize, deadline: i64) -> i32;
    pub fn minato_signal_open(signals: *const i32, count: usize) -> i32;
    pub fn minato_socket_open(family: i32, kind: i32, protocol: i32) -> i32;
    pub fn minato_socket_bind(descriptor: i32, address: *const Address) -> i32;
    pub fn minato_socket_listen(descriptor: i32, backlog: i32) -> i32;
    pub fn minato_socket_accept(descriptor: i32, flags: i32, deadline: i64, peer: *mut Address) -> i32;
    pub fn minato_socket_connect(descriptor: i32, address: *const Address, deadline: i64) -> i32;
    pub fn minato_socket_send(descriptor: i32, bytes: *const c_void, count: usize, flags: i32, deadline: i64) -> i64;
    pub fn minato_socket_send_all(
        descriptor: i32,
        bytes: *const c_void,
        count: usize,
        flags: i32,
        deadline: i64,
        sent: *mut usize,
    ) -> i32;
    pub fn minato_socket_send_to(
        descriptor: i32,
        bytes: *const c_void,
        count: usize,
        flags: i32,
        address: *const Address,
        deadline: i64,
    ) -> i64;
    pub fn minato_socket_receive(
        descriptor: i32,
        buffer: *mut c_void,
        capacity: usize,
        flags: i32,
        deadline: i64,
    ) -> i64;
    pub fn minato_socket_receive_from(
        descriptor: i32,
        buffer: *mut c_void,
        capacity: usize,
        flags: i32,
        sender: *mut Address,
        deadline: i64,
    ) -> i64;
    pub fn minato_socket_shutdown(descriptor: i32, how: i32) -> i32;
    pub fn minato_socket_local_address(descriptor: i32, address: *mut Address) -> i32;
    pub fn minato_wait(descriptor: i32, interest: u32, deadline: i64) -> i32;
}
