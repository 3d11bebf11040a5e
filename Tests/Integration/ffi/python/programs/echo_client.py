import socket

HOST = 'daring.cwi.nl'    # リモートホスト エコーサーバー
PORT = 50007              # サーバーが使用しているポートと同じ番号を指定します
with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
    s.connect((HOST, PORT))
    s.sendall(b'Hello, world')
    data = s.recv(1024)
print('受信データ', repr(data))
