#!/bin/bash
# What happens to culvertd@wg0.service under systemd, a KEY=VALUE line each, for run to judge.
daemon=culvertd@wg0.service

show() {
	systemctl show -P "$1" $daemon
}

layout() {
	{
		ip -o address show dev wg0 scope global
		ip route show dev wg0
		cat /sys/class/net/wg0/mtu /sys/class/net/wg0/carrier
	} 2>&1 | tr -s '\n ' '; '
	echo
}

wait_for() {
	for ((i = 0; i < 300; i++)); do
		"$@" && return
		sleep 0.1
	done
	echo "vain=$*"
}

is_another() {
	local now
	now=$(show MainPID)
	[[ $now != "$1" && $now != 0 && $(show ActiveState) == active ]]
}

capabilities() {
	awk '/^Cap(Prm|Eff|Bnd):/ { printf "%s ", $2 }' /proc/"$1"/status
}

# As who has no privilege.
log() {
	setpriv --reuid 65534 --regid 65534 --clear-groups /run/folder/bin/wg log wg0
}

systemctl start control.service
echo "control=$(systemctl show -P Result control.service)"
systemctl start $daemon
echo "started=$(show ActiveState)"
echo "status=$(show StatusText)"
pid=$(show MainPID)
echo "is_dynamic=$(awk '/^Uid:/ { print ($2 >= 61184 && $2 <= 65519) }' /proc/"$pid"/status)"
echo "capabilities=$(capabilities "$pid")"
echo "user=$(stat -c %u:%g /proc/"$pid")"
echo "sockets=$(cd /run/wireguard && stat -c '%a %U' wg0.sock wg0.events | tr '\n' ' ' | sed 's/ $//')"
echo "log=$(log | head -n 1 | grep -o '^interface: wg0' | cut -d ' ' -f 2)"
ip address add 10.99.0.1/24 dev wg0
ip link set dev wg0 mtu 1333 up
ip route add 203.0.113.0/24 dev wg0
echo "before=$(layout)"
echo "port=$(/run/folder/bin/wg show wg0 listen-port)"
# Something that it remembers.
ping -c 1 -W 1 203.0.113.1 >/dev/null
systemctl reload $daemon
status=$?
next=$(show MainPID)
echo "reloaded=$status $(show ActiveState) $(is_another "$pid" && echo another)"
echo "reloaded_capabilities=$(capabilities "$next")"
echo "reloaded_user=$(stat -c %u:%g /proc/"$next")"
echo "reloaded_layout=$(layout)"
echo "reloaded_port=$(/run/folder/bin/wg show wg0 listen-port)"
echo "remembered=$(/run/folder/bin/wg log wg0 | grep -c 'allowed IPs: 203.0.113.1')"
wait_for test ! -e /proc/"$pid"
echo "old_one=gone"
echo "reloaded_state=$(show ActiveState) $([[ $(show MainPID) == "$next" ]] && echo same)"
pid=$next
kill -KILL "$pid"
wait_for is_another "$pid"
echo "after=$(layout)"
echo "port_after=$(/run/folder/bin/wg show wg0 listen-port)"
systemctl stop $daemon
echo "socket_stopped=$(stat -c '%a %U %G' /run/wireguard/wg0.sock)"
systemctl stop culvertd@wg0.socket culvertd-events@wg0.socket
wait_for test ! -e /sys/class/net/wg0
wait_for test ! -e /run/wireguard/wg0.sock
echo "link_left=$(ls -d /sys/class/net/wg0 2>/dev/null)"
echo "socket_left=$(ls -A /run/wireguard)"
echo "end=yes"
