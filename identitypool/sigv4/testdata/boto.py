"""Calls a server on the loopback as programs with boto3 do, and prints each status."""
import os
import sys
import urllib.request

import boto3
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

s3_url, api_url = sys.argv[1:3]
region = "us-east-1"
frozen = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], os.environ["AWS_SESSION_TOKEN"])


def send(name, auth, method, url, data=b"", headers=None):
    request = AWSRequest(method=method, url=url, data=data, headers=headers or {})
    auth.add_auth(request)
    answer = URLLib3Session().send(request.prepare())
    print(name, answer.status_code, answer.text if answer.status_code != 200 else "")


send("api get", SigV4Auth(frozen, "execute-api", region), "GET", api_url + "/notes/a%20b?b=2&a=1&a=0&c=x%2Fy%20z")
send("api post", SigV4Auth(frozen, "execute-api", region), "POST", api_url + "/notes", b'{"a":1}', {"Content-Type": "application/json", "X-Amz-Target": "Notes.Write"})
send("api presigned", SigV4QueryAuth(frozen, "execute-api", region, expires=60), "GET", api_url + "/notes?b=2&a=1")
send("s3 put", S3SigV4Auth(frozen, "s3", region), "PUT", s3_url + "/bucket/by%20hand", b"by hand")
send("s3 presigned", S3SigV4QueryAuth(frozen, "s3", region, expires=60), "GET", s3_url + "/bucket/by%20hand")

client = boto3.client("s3", endpoint_url=s3_url, region_name=region, config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))
key = "a b/é+~!$&'()*,;=:@.txt"
client.put_object(Bucket="bucket", Key=key, Body=b"of boto3", Metadata={"colour": "two  words"}, ChecksumAlgorithm="SHA256")
print("client", client.get_object(Bucket="bucket", Key=key)["Body"].read().decode())
url = client.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": key}, ExpiresIn=60)
print("url", urllib.request.urlopen(url).read().decode())
url = client.generate_presigned_url("put_object", Params={"Bucket": "bucket", "Key": key, "ContentType": "text/plain"}, ExpiresIn=60)
put = urllib.request.Request(url, data=b"put by url", method="PUT", headers={"Content-Type": "text/plain"})
print("put", urllib.request.urlopen(put).status)
