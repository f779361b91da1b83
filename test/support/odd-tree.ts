import { succeed } from "./run.ts";

/**
 * Makes a small tree that has one of everything: hard links, symlinks, extended attributes, ACLs, capabilities, fifos, a socket,
 * device nodes, sparse files, odd names, modes, owners and times. Takes root, python3, setfattr and setfacl.
 */
export async function oddTree(target: string): Promise<void> {
  await succeed("bash", ["-euo", "pipefail", "-c", script, target], { env: { ...process.env, LC_ALL: "C" } });
}

const script = `
umask 022; mkdir "$0"; cd "$0"
echo one > file; mkdir -p sub/deep empty; ln file hard; ln file sub/deep/again
ln -s file link; ln -P link second-link; ln -s sub folder-link; ln -s /nonexistent/where broken; ln -s "$(printf 'x%.0s' {1..1000})" long-link
mkfifo fifo; mknod char c 1 3; mknod block b 7 200
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'

truncate -s 40M sparse; printf begin | dd of=sparse conv=notrunc status=none
printf middle | dd of=sparse bs=4096 seek=5000 conv=notrunc status=none; truncate -s 3M hole

names=($'new\\nline' '-dash' '--' ' space ' $'\\xff\\xfe' '*' '"' "'" '\\' $'tab\\t' '~' '#x#' '$(x)' $'\\x01' '...' "$(printf 'n%.0s' {1..255})")
for name in "\${names[@]}"; do echo "$name" > "./$name"; done
mkdir $'sub/d\\xc3\\x28'; echo x > $'sub/d\\xc3\\x28/-rf'

setfattr -n user.one -v value file; setfattr -n user.empty sub; setfattr -n user.bytes -v 0x00ff0a sub/deep
setfattr -n trusted.secret -v secret hole; setfattr -n user.large -v "$(printf 'v%.0s' {1..2000})" sparse
# A capability as setcap(8) stores it: CAP_NET_RAW, permitted and effective.
chown 1000:1001 hole; chown -h 1002:1003 link; chown 65534:4294967294 '"'
setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 -- -dash
setfacl -m u:1234:rw,g:4321:r,m::rw hole; setfacl -m u:77:rwx,d:u:77:rx,d:g:88:-,d:o::- sub; touch sub/inherited
chmod 4755 ' space '; chmod 2775 sub; chmod 1777 sub/deep; chmod 000 '*'

touch -d '1969-12-31 23:59:58.123456789Z' hole; touch -h -d '2040-02-03 04:05:06.000000001Z' link
touch -d '2001-02-03 04:05:06.999999999Z' sub; touch -d '2020-01-01 00:00:00.000000001Z' .
`;
