import urllib.request
#   HTTP ベーシック認証を使う
auth_handler = urllib.request.HTTPBasicAuthHandler()
auth_handler.add_password(realm='PDQ Application',
                          uri='https://mahler:8092/site-updates.py',
                          user='klem',
                          passwd='kadidd!ehopper')
opener = urllib.request.build_opener(auth_handler)
# openerを大域的に使う
urllib.request.install_opener(opener)
urllib.request.urlopen('http://www.example.com/login.html')
