import socket
import sys

HOST, PORT = "localhost", 9999
data = " ".join(sys.argv[1:])

# SOCK_DGRAM (UDP)ソケット
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

# UDPは接続を必要としないためconnect()システムコールは使いません。
# データは sendto() システムコールで受信側に直接送信します。
sock.sendto(bytes(data + "\n", "utf-8"), (HOST, PORT))
received = str(sock.recv(1024), "utf-8")

print("Sent:     {}".format(data))
print("Received: {}".format(received))
