import socketserver

class MyTCPHandler(socketserver.BaseRequestHandler):
    """
  サーバーのハンドラークラスの定義
  クライアントと通信する場合は、handle()メソッドを実装してください
    
    """

    def handle(self):
        # self.request クライアントとTCP socket 接続する
        self.data = self.request.recv(1024).strip()
        print("{} wrote:".format(self.client_address[0]))
        print(self.data)
        # 受信データを大文字に変更し、返送する
        self.request.sendall(self.data.upper())

if __name__ == "__main__":
    HOST, PORT = "localhost", 9999

    # サーバーを作成し, localhostのポート 9999 にバインドする
    with socketserver.TCPServer((HOST, PORT), MyTCPHandler) as server:
        # Ctrl-C で終了させるまで、稼働を続ける。
        server.serve_forever()
