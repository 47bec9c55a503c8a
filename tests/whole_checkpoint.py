"""whole_checkpoint.py FILE: exit status 0 where a checkpoint's parts fill it to its last byte (src/train/checkpoint.c)."""
import struct
import sys

data = open(sys.argv[1], "rb").read()
magic, version, count, key = struct.unpack_from("<8sIIQ", data)
at = struct.calcsize("<8sIIQ")
for _ in range(count):
    size, = struct.unpack_from("<Q", data, at + 32)  # behind the part's name
    at += 40 + size
sys.exit(magic != b"SNEDCKPT" or at + 8 != len(data))  # a checksum ends it
