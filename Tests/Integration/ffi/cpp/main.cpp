// An echo server and its client in C++17: `echo serve tcp HOST PORT`, and so on.
#include <iostream>
#include <iterator>
#include <netdb.h>

#include "server.hpp"

namespace {

using namespace echo;

/// What each step of the client may take, in nanoseconds.
constexpr int64_t patience = 10000000000;

/// All addresses of a name, or what is wrong with it.
std::vector<minato_address> look_up(const std::string &host, const std::string &port, int32_t type, int32_t family) {
    minato_resolution *resolution;
    int32_t code;
    int32_t result = minato_resolve(
        host.empty() ? nullptr : host.data(), host.size(), port.data(), port.size(), family, type, 0, AI_PASSIVE,
        &resolution, &code);
    if (code != 0) throw std::runtime_error(host + " " + port + ": " + minato_error_resolver_message(code));
    check(result, host);
    std::unique_ptr<minato_resolution, void (*)(minato_resolution *)> answer(resolution, minato_resolution_free);
    std::vector<minato_address> addresses(minato_resolution_count(answer.get()));
    for (size_t i = 0; i < addresses.size(); i++) {
        minato_resolution_get(answer.get(), i, &addresses[i], nullptr, nullptr, nullptr);
    }
    return addresses;
}

/// The path of a Unix socket, or `@name` for an abstract one.
minato_address unix_address(const std::string &path) {
    minato_address address;
    if (path[0] == '@') {
        auto name = reinterpret_cast<const uint8_t *>(path.data()) + 1;
        check(minato_address_set_unix_abstract(&address, name, path.size() - 1), path);
    } else {
        check(minato_address_set_unix_path(&address, path.data(), path.size()), path);
    }
    return address;
}

Socket connect(const std::vector<minato_address> &addresses, int32_t type) {
    for (size_t i = 0;; i++) {
        try {
            Socket socket(minato_address_family(&addresses[i]), type);
            if (minato_address_family(&addresses[i]) == AF_UNIX && type == SOCK_DGRAM) {
                // Without a name nobody could answer: the kernel chooses one.
                minato_address unnamed;
                minato_address_set_unix_unnamed(&unnamed);
                socket.bind(unnamed);
            }
            socket.connect(addresses[i], minato_clock_deadline(patience));
            return socket;
        } catch (const std::system_error &) {
            if (i + 1 == addresses.size()) throw;
        }
    }
}

/// Sends and receives at the same time: a server that does not read on before its replies are read is not stuck.
void exchange_stream(const Socket &socket, std::string_view input) {
    std::vector<char> reply(capacity);
    bool open = true;
    for (;;) {
        if (open && input.empty()) {
            check(minato_socket_shutdown(socket.number(), SHUT_WR), "shutdown");
            open = false;
        }
        uint32_t interest = open ? MINATO_READABLE | MINATO_WRITABLE : MINATO_READABLE;
        int32_t ready = minato_wait(socket.number(), interest, minato_clock_deadline(patience));
        if (ready == -EINTR) continue;
        check(ready, "wait for a reply");
        if (open && ready & MINATO_WRITABLE) {
            int64_t sent = socket.send(input, MINATO_NO_WAIT);
            if (sent > 0) input.remove_prefix(static_cast<size_t>(sent));
        }
        int64_t count = socket.receive(reply, MINATO_NO_WAIT);
        if (count == 0) return;
        if (count > 0) std::cout.write(reply.data(), count);
    }
}

/// One datagram and one reply.
void exchange_datagram(const Socket &socket, std::string_view input) {
    std::vector<char> reply(capacity);
    int64_t deadline = minato_clock_deadline(patience);
    check(socket.send(input, deadline), "send");
    std::cout.write(reply.data(), check(socket.receive(reply, deadline), "receive"));
}

void send(const std::vector<minato_address> &addresses, int32_t type) {
    const std::string input(std::istreambuf_iterator<char>(std::cin), {});
    Socket socket = connect(addresses, type);
    if (type == SOCK_STREAM) {
        exchange_stream(socket, input);
    } else {
        exchange_datagram(socket, input);
    }
    std::cout.flush();
    if (!std::cout) throw std::runtime_error("standard output");
}

/// A server takes the first address of a name, IPv4 before IPv6; a client tries all.
std::vector<minato_address> addresses(const std::vector<std::string> &words, bool serving, int32_t type) {
    if (words.size() == 3) return {unix_address(words[2])};
    try {
        return look_up(words[2], words[3], type, serving ? AF_INET : AF_UNSPEC);
    } catch (const std::runtime_error &) {
        return look_up(words[2], words[3], type, AF_UNSPEC);
    }
}

} // namespace

int main(int argc, char **argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const std::string transport = words.size() > 1 ? words[1] : "";
    bool ip = (transport == "tcp" || transport == "udp") && words.size() == 4;
    bool path = (transport == "unix" || transport == "unixgram") && words.size() == 3;
    if ((words.empty() || (words[0] != "serve" && words[0] != "send")) || !(ip || path)) {
        std::cerr << "usage: echo serve|send tcp HOST PORT | udp HOST PORT | unix PATH | unixgram PATH\n";
        return 64;
    }
    int32_t type = transport == "udp" || transport == "unixgram" ? SOCK_DGRAM : SOCK_STREAM;
    try {
        bool serving = words[0] == "serve";
        if (serving) {
            Server(addresses(words, serving, type).front(), type).run();
        } else {
            send(addresses(words, serving, type), type);
        }
    } catch (const std::exception &failure) {
        std::cerr << "echo: " << failure.what() << "\n";
        return 1;
    }
    return 0;
}
