//! An echo server and its client in Rust, without crates: `echo serve tcp HOST PORT`, and so on.
mod ffi;
mod minato;

use minato::{deadline, Address, Socket, SOCK_DGRAM, SOCK_STREAM};
use std::io::{Error, ErrorKind, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

/// The most bytes of a datagram, and of what is read from a stream at a time.
const CAPACITY: usize = 65_536;
/// How long each step of the client may take, in milliseconds.
const PATIENCE: i64 = 10_000;
/// How many connections have a thread at a time; one more is closed at once.
const MOST_CONNECTIONS: usize = 256;
const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;
const EMFILE: i32 = 24;

/// What was done, and why it failed.
type Failure = String;

trait Explained<T> {
    fn explained(self, what: impl std::fmt::Display) -> Result<T, Failure>;
}

impl<T> Explained<T> for Result<T, Error> {
    fn explained(self, what: impl std::fmt::Display) -> Result<T, Failure> {
        self.map_err(|failure| format!("{what}: {failure}"))
    }
}

/// A thread for each connection: sends back what comes, until the end.
fn echo_stream(socket: &Socket) -> Result<(), Error> {
    let mut buffer = vec![0; CAPACITY];
    loop {
        match socket.receive(&mut buffer, minato::NO_DEADLINE)? {
            0 => return Ok(()),
            count => socket.send_all(&buffer[..count], minato::NO_DEADLINE)?,
        }
    }
}

fn accept(listener: &Socket, served: &Arc<AtomicUsize>) -> Result<(), Failure> {
    let socket = match listener.accept() {
        Ok(socket) => socket,
        // What went wrong with one connection is no reason to stop; having no descriptors left is.
        Err(failure) if failure.raw_os_error() != Some(EMFILE) => return Ok(()),
        failure => return failure.map(drop).explained("accept"),
    };
    if served.fetch_add(1, Ordering::Relaxed) >= MOST_CONNECTIONS {
        served.fetch_sub(1, Ordering::Relaxed);
        return Ok(());
    }
    let served = Arc::clone(served);
    // A connection that breaks off concerns nobody else.
    let thread = std::thread::Builder::new().spawn(move || {
        let _ = echo_stream(&socket);
        served.fetch_sub(1, Ordering::Relaxed);
    });
    thread.map(drop).explained("thread")
}

fn echo_datagram(socket: &Socket, buffer: &mut [u8]) {
    if let Ok((count, sender)) = socket.receive_from(buffer) {
        if !sender.is_unnamed() {
            // A reply that nobody wants, or has room for, is dropped: as it may be on the way anyhow.
            let _ = socket.send_to(&buffer[..count], &sender, deadline(100));
        }
    }
}

/// Serves until SIGTERM or SIGINT comes.
fn serve(address: &Address, kind: i32) -> Result<(), Failure> {
    let signals = minato::signals(&[SIGTERM, SIGINT]).explained("signals")?;
    let socket = Socket::listening(address, kind).explained(address)?;
    let bound = socket.local_address().explained(address)?;
    println!("ready {bound}");
    let served = Arc::new(AtomicUsize::new(0));
    let mut buffer = vec![0; CAPACITY];
    let result = loop {
        match minato::wait_for_either(&signals, &socket) {
            Err(failure) => break Err(format!("wait: {failure}")),
            Ok((true, _)) => break Ok(()),
            Ok(_) if kind == SOCK_DGRAM => echo_datagram(&socket, &mut buffer),
            Ok(_) => {
                if let Err(failure) = accept(&socket, &served) {
                    break Err(failure);
                }
            }
        }
    };
    if let Some(path) = bound.path() {
        let _ = std::fs::remove_file(path);
    }
    result
}

fn connect(addresses: &[Address], kind: i32) -> Result<Socket, Failure> {
    let mut result = Err("no address".to_string());
    for address in addresses {
        result = (|| {
            let socket = Socket::open(address.family(), kind)?;
            if address.family() == minato::AF_UNIX && kind == SOCK_DGRAM {
                socket.bind_unnamed()?;
            }
            socket.connect(address, deadline(PATIENCE))?;
            Ok(socket)
        })()
        .explained(format_args!("connect {address}"));
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Sends and receives at the same time: a server that does not read on before its replies are read is not stuck.
fn exchange_stream(socket: &Socket, mut input: &[u8]) -> Result<(), Error> {
    let mut buffer = vec![0; CAPACITY];
    let mut open = true;
    loop {
        if open && input.is_empty() {
            socket.end_sending()?;
            open = false;
        }
        let interest = if open { minato::READABLE | minato::WRITABLE } else { minato::READABLE };
        let ready = socket.wait(interest, deadline(PATIENCE))?;
        if open && ready & minato::WRITABLE != 0 {
            match socket.send(input, 0) {
                Ok(count) => input = &input[count..],
                Err(failure) if failure.kind() == ErrorKind::WouldBlock => {}
                Err(failure) => return Err(failure),
            }
        }
        match socket.receive(&mut buffer, 0) {
            Ok(0) => return Ok(()),
            Ok(count) => std::io::stdout().write_all(&buffer[..count])?,
            Err(failure) if failure.kind() == ErrorKind::WouldBlock => {}
            Err(failure) => return Err(failure),
        }
    }
}

/// One datagram and one reply.
fn exchange_datagram(socket: &Socket, input: &[u8]) -> Result<(), Error> {
    let mut buffer = vec![0; CAPACITY];
    let deadline = deadline(PATIENCE);
    socket.send(input, deadline)?;
    let count = socket.receive(&mut buffer, deadline)?;
    std::io::stdout().write_all(&buffer[..count])
}

fn send(addresses: &[Address], kind: i32) -> Result<(), Failure> {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).explained("standard input")?;
    let socket = connect(addresses, kind)?;
    let exchange = if kind == SOCK_STREAM { exchange_stream } else { exchange_datagram };
    exchange(&socket, &input).explained("exchange")?;
    std::io::stdout().flush().explained("standard output")
}

/// A server takes the first address of a name, IPv4 before IPv6; a client tries all.
fn addresses(place: &[&str], serving: bool, kind: i32) -> Result<Vec<Address>, Failure> {
    let [host, port] = place else {
        return Address::unix(place[0]).map(|address| vec![address]).explained(place[0]);
    };
    let look_up = |family| Address::look_up(host, port, family, kind);
    let first = look_up(if serving { minato::AF_INET } else { minato::AF_UNSPEC });
    first.or_else(|_| look_up(minato::AF_UNSPEC)).explained(format_args!("{host} {port}"))
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (serving, kind) = match words[..] {
        [verb @ ("serve" | "send"), "tcp", _, _] => (verb == "serve", SOCK_STREAM),
        [verb @ ("serve" | "send"), "udp", _, _] => (verb == "serve", SOCK_DGRAM),
        [verb @ ("serve" | "send"), "unix", _] => (verb == "serve", SOCK_STREAM),
        [verb @ ("serve" | "send"), "unixgram", _] => (verb == "serve", SOCK_DGRAM),
        _ => {
            eprintln!("usage: echo serve|send tcp HOST PORT | udp HOST PORT | unix PATH | unixgram PATH");
            std::process::exit(64);
        }
    };
    let result = addresses(&words[2..], serving, kind).and_then(|addresses| {
        if serving {
            serve(&addresses[0], kind)
        } else {
            send(&addresses, kind)
        }
    });
    if let Err(failure) = result {
        eprintln!("echo: {failure}");
        std::process::exit(1);
    }
}
