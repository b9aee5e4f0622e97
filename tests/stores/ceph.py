"""Ceph's object gateway with one monitor and one store in memory, from Debian's packages."""

from __future__ import annotations

import subprocess
import uuid

from tests.stores.keys import EASY
from tests.stores.servers import Credentials, Server

PACKAGES = "the Debian packages radosgw, ceph-mon, ceph-osd and ceph-common"
# radosgw asks the monitor for an encrypted connection, which there is only with cephx.
CONFIGURATION = """
[global]
fsid = {fsid}
mon_host = [v2:127.0.0.1:{monitor}/0]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_objectstore = memstore
memstore_device_bytes = 1073741824
mon_allow_pool_size_one = true
mon_data_avail_crit = 1
mon_max_pg_per_osd = 2000
run_dir = {folder}
crash_dir = {folder}
admin_socket = {folder}/$name.asok
log_file = {folder}/$name.log
mon_data = {folder}/mon
osd_data = {folder}/osd
keyring = {folder}/keyring
"""


class Ceph(Server):
    """A second implementation of versions, ACLs and Object Lock by many hands."""

    name = "ceph"
    title = "Ceph RGW 16.2"
    optional = True
    few = EASY

    def begin(self) -> None:
        """Monitor, store, two users, gateway: one after the other, as each needs the one before."""
        gateway = self.program("radosgw", PACKAGES)
        monitor, store = self.program("ceph-mon", PACKAGES), self.program("ceph-osd", PACKAGES)
        fsid, disk = uuid.uuid4(), uuid.uuid4()
        conf = f"--conf={self.folder}/ceph.conf"
        (self.folder / "ceph.conf").write_text(
            CONFIGURATION.format(fsid=fsid, monitor=self.ports[1], folder=self.folder)
        )
        for name in ("mon", "osd"):
            (self.folder / name).mkdir()
        address = f"[v2:127.0.0.1:{self.ports[1]}]"
        self.run("monmaptool", "--create", f"--fsid={fsid}", "--addv", "a", address, "map")
        self.run(monitor, conf, "-i", "a", "--mkfs", "--monmap=map")
        self.start(monitor, conf, "-i", "a", "-f")
        self.run("ceph", conf, "osd", "new", str(disk))
        self.run(store, conf, "-i", "0", "--mkfs", f"--osd-uuid={disk}")
        self.start(store, conf, "-i", "0", "-f")
        self.admit(conf, "owner", self.owner)
        self.admit(conf, "reader", self.reader)
        front = f"--rgw-frontends=beast endpoint=127.0.0.1:{self.ports[0]}"
        self.start(gateway, conf, "-n", "client.gateway", "-f", front)

    def admit(self, conf: str, name: str, who: Credentials) -> None:
        """Make a user."""
        keys = (f"--access-key={who.access_key_id}", f"--secret-key={who.secret_access_key}")
        user = (f"--uid={name}", f"--display-name={name}")
        self.run("radosgw-admin", conf, "user", "create", *user, *keys)

    def run(self, *command: str) -> None:
        """Run a command to its end."""
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}\n{self.logs()}"
