//! A small safe face of libminato: owners that close, and failures as `std::io::Error`.
pub use crate::ffi::*;
use std::ffi::CStr;
use std::io::{Error, Result};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// `>= 0` is the result, `-errno` the failure.
fn check<T: Into<i64>>(result: T) -> Result<usize> {
    let result = result.into();
    usize::try_from(result).map_err(|_| Error::from_raw_os_error(-result as i32))
}

/// Makes a call that can wait until no signal has interrupted it.
fn uninterrupted<T: Into<i64>>(mut call: impl FnMut() -> T) -> Result<usize> {
    loop {
        match check(call()) {
            Err(failure) if failure.kind() == std::io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// The deadline that lies so many milliseconds from now.
pub fn deadline(milliseconds: i64) -> i64 {
    unsafe { minato_clock_deadline(milliseconds * 1_000_000) }
}

impl Address {
    /// A path, or `@name` for an abstract name.
    pub fn unix(path: &str) -> Result<Address> {
        let mut address = Address::default();
        check(match path.strip_prefix('@') {
            Some(name) => unsafe { minato_address_set_unix_abstract(&mut address, name.as_ptr(), name.len()) },
            None => unsafe { minato_address_set_unix_path(&mut address, path.as_ptr().cast(), path.len()) },
        })?;
        Ok(address)
    }

    /// All addresses of a host; an empty one means all interfaces.
    pub fn look_up(host: &str, port: &str, family: i32, kind: i32) -> Result<Vec<Address>> {
        let (mut resolution, mut code) = (std::ptr::null_mut(), 0);
        let name = if host.is_empty() { std::ptr::null() } else { host.as_ptr().cast() };
        let result = unsafe {
            minato_resolve(
                name,
                host.len(),
                port.as_ptr().cast(),
                port.len(),
                family,
                kind,
                0,
                AI_PASSIVE,
                &mut resolution,
                &mut code,
            )
        };
        if code != 0 {
            let message = unsafe { CStr::from_ptr(minato_error_resolver_message(code)) };
            return Err(Error::other(message.to_string_lossy()));
        }
        check(result)?;
        let mut addresses = vec![Address::default(); unsafe { minato_resolution_count(resolution) }];
        let nothing = std::ptr::null_mut();
        for (index, address) in addresses.iter_mut().enumerate() {
            unsafe { minato_resolution_get(resolution, index, address, nothing, nothing, nothing) };
        }
        unsafe { minato_resolution_free(resolution) };
        Ok(addresses)
    }

    pub fn family(&self) -> i32 {
        unsafe { minato_address_family(self) }
    }

    /// Whether nobody can be answered there: a Unix socket without a name.
    pub fn is_unnamed(&self) -> bool {
        unsafe { minato_address_unix_kind(self) == UNIX_UNNAMED }
    }

    /// The path of a Unix socket that has one.
    pub fn path(&self) -> Option<String> {
        let mut name = [0; 108];
        if unsafe { minato_address_unix_kind(self) } != UNIX_PATH {
            return None;
        }
        let length = check(unsafe { minato_address_unix_name(self, name.as_mut_ptr(), name.len()) }).ok()?;
        Some(String::from_utf8_lossy(&name[..length]).into_owned())
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = [0; 512];
        unsafe { minato_address_format(self, text.as_mut_ptr(), text.len()) };
        formatter.write_str(&unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy())
    }
}

/// Blocks the signals in this thread and those that it starts; the descriptor becomes readable when one comes.
pub fn signals(numbers: &[i32]) -> Result<OwnedFd> {
    let descriptor = check(unsafe { minato_signal_open(numbers.as_ptr(), numbers.len()) })?;
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor as i32) })
}

/// Waits until one of two can be read; tells for each whether it can.
pub fn wait_for_either(first: &impl AsRawFd, second: &impl AsRawFd) -> Result<(bool, bool)> {
    let entry = |descriptor| PollEntry { descriptor, interest: READABLE, ready: 0 };
    let mut entries = [entry(first.as_raw_fd()), entry(second.as_raw_fd())];
    uninterrupted(|| unsafe { minato_poll(entries.as_mut_ptr(), 2, NO_DEADLINE) })?;
    Ok((entries[0].ready != 0, entries[1].ready != 0))
}

/// A socket, closed at the end of its life.
pub struct Socket(OwnedFd);

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> i32 {
        self.0.as_raw_fd()
    }
}

impl Socket {
    fn adopt(descriptor: usize) -> Socket {
        Socket(unsafe { OwnedFd::from_raw_fd(descriptor as i32) })
    }

    pub fn open(family: i32, kind: i32) -> Result<Socket> {
        check(unsafe { minato_socket_open(family, kind, 0) }).map(Socket::adopt)
    }

    /// Bound, and listening if it is a stream. Does not block, so that accepting never waits.
    pub fn listening(address: &Address, kind: i32) -> Result<Socket> {
        let socket = Socket::open(address.family(), kind | SOCK_NONBLOCK)?;
        if kind == SOCK_STREAM && address.family() != AF_UNIX {
            check(unsafe { minato_option_set_boolean(socket.as_raw_fd(), SOL_SOCKET, SO_REUSEADDR, true) })?;
        }
        check(unsafe { minato_socket_bind(socket.as_raw_fd(), address) })?;
        if kind == SOCK_STREAM {
            check(unsafe { minato_socket_listen(socket.as_raw_fd(), 128) })?;
        }
        Ok(socket)
    }

    /// Asks the kernel for a name, so that a datagram can be answered.
    pub fn bind_unnamed(&self) -> Result<()> {
        let mut unnamed = Address::default();
        unsafe { minato_address_set_unix_unnamed(&mut unnamed) };
        check(unsafe { minato_socket_bind(self.as_raw_fd(), &unnamed) }).map(drop)
    }

    pub fn local_address(&self) -> Result<Address> {
        let mut address = Address::default();
        check(unsafe { minato_socket_local_address(self.as_raw_fd(), &mut address) })?;
        Ok(address)
    }

    /// The connection that is there; `WouldBlock` when there is none any more.
    pub fn accept(&self) -> Result<Socket> {
        let peer = std::ptr::null_mut();
        uninterrupted(|| unsafe { minato_socket_accept(self.as_raw_fd(), 0, NO_WAIT, peer) }).map(Socket::adopt)
    }

    pub fn connect(&self, address: &Address, deadline: i64) -> Result<()> {
        uninterrupted(|| unsafe { minato_socket_connect(self.as_raw_fd(), address, deadline) }).map(drop)
    }

    pub fn send(&self, bytes: &[u8], deadline: i64) -> Result<usize> {
        let (pointer, count) = (bytes.as_ptr().cast(), bytes.len());
        uninterrupted(|| unsafe { minato_socket_send(self.as_raw_fd(), pointer, count, 0, deadline) })
    }

    pub fn send_all(&self, bytes: &[u8], deadline: i64) -> Result<()> {
        let mut done = 0;
        uninterrupted(|| {
            let (rest, mut sent) = (&bytes[done..], 0);
            let (pointer, count) = (rest.as_ptr().cast(), rest.len());
            let result = unsafe { minato_socket_send_all(self.as_raw_fd(), pointer, count, 0, deadline, &mut sent) };
            done += sent;
            result
        })
        .map(drop)
    }

    pub fn send_to(&self, bytes: &[u8], address: &Address, deadline: i64) -> Result<usize> {
        let (pointer, count) = (bytes.as_ptr().cast(), bytes.len());
        uninterrupted(|| unsafe { minato_socket_send_to(self.as_raw_fd(), pointer, count, 0, address, deadline) })
    }

    pub fn receive(&self, buffer: &mut [u8], deadline: i64) -> Result<usize> {
        let (pointer, count) = (buffer.as_mut_ptr().cast(), buffer.len());
        uninterrupted(|| unsafe { minato_socket_receive(self.as_raw_fd(), pointer, count, 0, deadline) })
    }

    /// The datagram that is there, and from whom.
    pub fn receive_from(&self, buffer: &mut [u8]) -> Result<(usize, Address)> {
        let mut sender = Address::default();
        let (pointer, capacity) = (buffer.as_mut_ptr().cast(), buffer.len());
        let count = uninterrupted(|| unsafe {
            minato_socket_receive_from(self.as_raw_fd(), pointer, capacity, 0, &mut sender, NO_WAIT)
        })?;
        Ok((count, sender))
    }

    /// Ends the sending direction.
    pub fn end_sending(&self) -> Result<()> {
        check(unsafe { minato_socket_shutdown(self.as_raw_fd(), SHUT_WR) }).map(drop)
    }

    /// Waits until it can be read, or written.
    pub fn wait(&self, interest: u32, deadline: i64) -> Result<u32> {
        let ready = uninterrupted(|| unsafe { minato_wait(self.as_raw_fd(), interest, deadline) })?;
        Ok(ready as u32)
    }
}
