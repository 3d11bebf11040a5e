import socket

HOST = ''                 # すべての利用できるインターフェイス
PORT = 50007              # 未使用のポート
with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
    s.bind((HOST, PORT))
    s.listen(1)
    conn, addr = s.accept()
    with conn:
        print('接続されました by', addr)
        while True:
            data = conn.recv(1024)
            if not data: break
            conn.sendall(data)
