"""Write a flash image: `micropython factory.py IMAGE FOLDER` formats it and copies a tree."""

import os
import sys

import vfs
from hardware.nor import Nor


class Idle:
    """A clock that nobody reads: the factory does not count the time."""

    def charge(self, us):
        """Let it pass."""


def copy_tree(source, destination):
    """Copy what is in a folder into another one."""
    for entry in os.ilistdir(source):
        below = source + "/" + entry[0], destination + "/" + entry[0]
        if entry[1] == 0x4000:
            os.mkdir(below[1])
            copy_tree(*below)
        else:
            with open(below[0], "rb") as f, open(below[1], "wb") as copy:
                piece = f.read(512)
                while piece:
                    copy.write(piece)
                    piece = f.read(512)


image, folder = sys.argv[1:]
host = vfs.VfsPosix(folder)  # pyright: ignore[reportAttributeAccessIssue]
device = Nor(open(image, "r+b"), Idle())
vfs.umount("/")
vfs.VfsLfs2.mkfs(device)  # pyright: ignore[reportArgumentType]
vfs.mount(vfs.VfsLfs2(device), "/")  # pyright: ignore[reportArgumentType]
vfs.mount(host, "/factory")
copy_tree("/factory", "")
