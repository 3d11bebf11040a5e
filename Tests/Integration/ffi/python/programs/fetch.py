import urllib.request
with urllib.request.urlopen('https://www.cnn.co.jp') as f:
    print(f.read(300))
