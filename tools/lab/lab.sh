#!/usr/bin/env bash
# A virtual rack: a network namespace, a bridge, QEMU machines with real firmware. A library: source it, do not run it.
#
#   . tools/lab/lab.sh
#   lab_start                                   # namespaces, bridge, temporary directory, clean-up trap; needs root
#   lab_siderite "$LAB/siderite.yaml"           # or lab_reference_server: dnsmasq and python stand in, to tell rack faults from ours
#   lab_vm web1 --firmware uefi --uuid ... --manufacturer ACME --product R1 --serial S1 --mac 52:54:00:77:00:01
#   lab_wait_vm web1 180                        # until the machine is off
#
# What it builds. All of it lives inside namespaces named for this process, so labs run side by side and touch no interface of the host:
#
#    namespace sid-PID (the boot host)                                   namespace sid-PID-far (another host)
#   +------------------------------------------------------------+     +--------------------------------------+
#   |  siderite serve    DHCP 67, 4011  TFTP 69  HTTP 8081, 9440 |     |  dnsmasq: IPv6 router; in proxy mode |
#   |        |                                                   |     |  a DHCP server, addresses only, too  |
#   |   br0 10.77.0.1/24 ---+---------------+-------------- far -+-----+- eth0 10.77.0.2/24                   |
#   |                       |               |                    |     +--------------------------------------+
#   |                  tap-web1         tap-web2                 |
#   |                       |               |                    |
#   |                QEMU SeaBIOS+iPXE  QEMU OVMF                |
#   +------------------------------------------------------------+
#
# lab_relayed_rack puts the machines elsewhere: into a third namespace, sid-PID-rack, whose only way out is the other host, a router and
# DHCP relay agent between 10.77.0.0/24 and their 10.78.0.0/24.
#
# Everything a lab starts or writes is recorded and goes again on exit, on Ctrl-C and on TERM: machines, daemons, namespaces, "$LAB".
# Whatever a lab killed with SIGKILL left behind is swept by the next lab_start. LAB_KEEP=1 keeps "$LAB" (logs, captures) and says where.
# Set-up is logged to stderr; waits are bounded; functions return non-zero on failure and are safe under `set -euo pipefail`.

lab_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

: "${LAB_ADDRESS:=10.77.0.1}"      # the boot host
: "${LAB_FAR_ADDRESS:=10.77.0.2}"  # the other host
: "${LAB_POOL:=10.77.0.100-10.77.0.199}"
: "${LAB_RELAYED_ADDRESS:=10.78.0.1}"  # the other host, in the network behind it
: "${LAB_RELAYED_POOL:=10.78.0.100-10.78.0.199}"
: "${LAB_ADDRESS6:=fd77::1}"           # the boot host
: "${LAB_POOL6:=fd77::1:0-fd77::1:ff}"
: "${LAB_BOOT_FILES:=/usr/lib/ipxe}"
: "${LAB_KEEP:=}"
: "${SIDERITE_BIN:=$lab_root/.build/debug/siderite}"

LAB=            # this lab's directory: logs, disks, sockets, captures
LAB_NS=         # the boot host's namespace
LAB_FAR=        # the other host's namespace
LAB_RACK=       # where machines are plugged in: a namespace with a bridge br0
LAB_PID=        # the shell that owns the lab: subshells inherit the trap but must not tear it down
declare -A lab_vm_pid=() lab_vm_start=()
lab_daemon_pids=()

lab_say() { printf '%s\n' "$*" >&2; }
lab_now() { date +%s.%N; }
lab_elapsed() { awk -v a="$1" -v b="$(lab_now)" 'BEGIN { printf "%.1f", b - a }'; }

# lab_poll SECONDS COMMAND...   Runs COMMAND every 0.2 s until it succeeds; fails after SECONDS.
# (Short sleeps, because bash runs a trap only between two commands.)
lab_poll() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.2
  done
}

lab_in() { ip netns exec "$LAB_NS" "$@"; }
lab_in_far() { ip netns exec "$LAB_FAR" "$@"; }

# --- the rack ---------------------------------------------------------------------------------------------------------

# lab_start   Builds the rack and sets LAB, LAB_NS and LAB_FAR. Call once, from the main shell.
lab_start() {
  if ((EUID != 0)); then
    lab_say "lab: network namespaces need root; run this as root (or through sudo -E)"
    return 1
  fi
  local tool
  for tool in ip qemu-system-x86_64 qemu-img curl ipmi_sim ipmitool; do
    command -v "$tool" >/dev/null || {
      lab_say "lab: '$tool' is missing; apt-get install \$(tools/lab/packages)"
      return 1
    }
  done
  lab_sweep
  LAB_PID=$BASHPID
  LAB=$(mktemp -d "${TMPDIR:-/tmp}/siderite-lab.$LAB_PID.XXXXXX")
  LAB_NS=sid-$LAB_PID
  LAB_FAR=$LAB_NS-far
  LAB_RACK=$LAB_NS
  trap 'lab_stop' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM

  ip netns add "$LAB_NS"
  ip -n "$LAB_NS" link set lo up
  # Forwarding at once (no spanning tree), and no multicast snooping: a machine's first DISCOVER must not be lost.
  # An address of its own, or the bridge takes the lowest of its ports' and changes it whenever a machine is plugged in.
  ip -n "$LAB_NS" link add br0 address 52:54:00:77:ff:01 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
  ip -n "$LAB_NS" addr add "$LAB_ADDRESS/24" dev br0
  # nodad: an address that is being checked for duplicates cannot be listened on yet.
  ip -n "$LAB_NS" addr add "$LAB_ADDRESS6/64" dev br0 nodad
  ip -n "$LAB_NS" link set br0 up
}

# lab_far [norouter]   Adds the other host: a second namespace on a veth pair. It is the network's IPv6 router too: iPXE holds every boot
# up for 16 s, address or not, until a router answers its solicitation (IPv4-only networks have to wait for that; most racks have a router).
lab_far() {
  ip netns add "$LAB_FAR"
  ip -n "$LAB_NS" link add far type veth peer name eth0 netns "$LAB_FAR"
  ip -n "$LAB_NS" link set far master br0 up
  ip -n "$LAB_FAR" link set lo up
  ip -n "$LAB_FAR" addr add "$LAB_FAR_ADDRESS/24" dev eth0
  ip -n "$LAB_FAR" addr add fd77::2/64 dev eth0 nodad
  ip -n "$LAB_FAR" link set eth0 up
  [[ ${1-} != norouter ]] || return 0
  # A router for nobody (lifetime 0): it answers, and no traffic goes its way.
  lab_dnsmasq "$LAB_FAR" "$LAB/far-router.log" --interface=eth0 --bind-interfaces --enable-ra --dhcp-range=fd77::,ra-only \
    --ra-param=eth0,0,0
}

# lab_relayed_rack   After lab_far: machines are plugged into another network from now on, where nobody answers DHCP but a relay agent.
lab_relayed_rack() {
  LAB_RACK=$LAB_NS-rack
  ip netns add "$LAB_RACK"
  ip -n "$LAB_RACK" link add br0 address 52:54:00:78:ff:01 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
  ip -n "$LAB_RACK" link set br0 up
  ip -n "$LAB_RACK" link add router type veth peer name eth1 netns "$LAB_FAR"
  ip -n "$LAB_RACK" link set router master br0 up
  ip -n "$LAB_FAR" addr add "$LAB_RELAYED_ADDRESS/24" dev eth1
  ip -n "$LAB_FAR" addr add fd78::1/64 dev eth1 nodad
  ip -n "$LAB_FAR" link set eth1 up
  lab_in_far sysctl -qw net.ipv4.ip_forward=1
  ip -n "$LAB_NS" route add "${LAB_RELAYED_ADDRESS%.*}.0/24" via "$LAB_FAR_ADDRESS"
  lab_dnsmasq "$LAB_FAR" "$LAB/rack-router.log" --interface=eth1 --bind-interfaces --enable-ra --dhcp-range=fd78::,ra-only \
    --ra-param=eth1,0,0
  lab_daemon "$LAB/relay.log" ip netns exec "$LAB_FAR" dhcrelay -4 -d --no-pid -a -id eth1 -iu eth0 "$LAB_ADDRESS"
}

# lab_client NAME   Adds a host that is no machine: namespace "$LAB_NS-NAME" with eth0 on the bridge, for clients of this system.
lab_client() {
  local namespace=$LAB_NS-$1
  ip netns add "$namespace"
  ip -n "$LAB_NS" link add "$1" type veth peer name eth0 netns "$namespace"
  ip -n "$LAB_NS" link set "$1" master br0 up
  ip -n "$namespace" link set lo up
  ip -n "$namespace" link set eth0 up
}
lab_in_client() { ip netns exec "$LAB_NS-$1" "${@:2}"; }

# lab_stop   Removes everything. Runs from the exit trap; calling it earlier or twice is harmless.
lab_stop() {
  local status=$? pid
  [[ -n $LAB && $BASHPID == "$LAB_PID" ]] || return "$status"
  trap - EXIT
  trap '' HUP INT TERM  # a second Ctrl-C must not interrupt the clean-up
  set +e
  local pids=("${lab_vm_pid[@]}" "${lab_daemon_pids[@]}")
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
  lab_poll 5 lab_all_gone "${pids[@]}"
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null; done
  wait "${pids[@]}" 2>/dev/null
  local namespace
  for namespace in $(lab_namespaces "$LAB_NS(-[a-z0-9]+)?"); do lab_remove_namespace "$namespace"; done
  if [[ -n $LAB_KEEP ]]; then
    mv "$LAB" "${LAB/siderite-lab/siderite-kept}"  # out of lab_sweep's way
    lab_say "lab: kept ${LAB/siderite-lab/siderite-kept}"
  else
    rm -rf --one-file-system -- "$LAB"
  fi
  LAB=
  return "$status"
}

lab_all_gone() {
  local pid
  for pid in "$@"; do ! lab_alive "$pid" || return 1; done
}

# A zombie still answers kill -0: look at its state instead.
lab_alive() {
  local state
  state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 1
  [[ -n $state && $state != Z ]]
}

# Only processes inside this lab's own namespace are ended.
lab_remove_namespace() {
  local pid
  ip netns list 2>/dev/null | grep -q "^$1\b" || return 0
  for pid in $(ip netns pids "$1" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || :; done
  ip netns delete "$1" 2>/dev/null || :
}

# lab_namespaces PATTERN   The namespaces of that name, one a line.
lab_namespaces() { ip netns list 2>/dev/null | awk -v pattern="^$1\$" '$1 ~ pattern { print $1 }'; }

# lab_sweep   Removes racks whose owner is dead (it was killed with SIGKILL, so its trap never ran).
lab_sweep() {
  local ns pid directory
  for ns in $(lab_namespaces 'sid-[0-9]+(-[a-z0-9]+)?'); do
    pid=${ns#sid-}
    pid=${pid%%-*}
    [[ -d /proc/$pid ]] || lab_remove_namespace "$ns"
  done
  for directory in "${TMPDIR:-/tmp}"/siderite-lab.*.*; do
    pid=${directory#*/siderite-lab.}
    pid=${pid%.*}
    [[ ! -O $directory || -d /proc/$pid ]] || rm -rf --one-file-system -- "$directory"
  done
}

# lab_daemon LOG COMMAND...   Starts COMMAND in the background and remembers it; its pid is in $lab_last_pid.
lab_daemon() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 </dev/null &
  lab_last_pid=$!
  lab_daemon_pids+=("$lab_last_pid")
}

# --- machines ---------------------------------------------------------------------------------------------------------

# lab_vm NAME OPTION...   Powers on a machine. Its console goes to $LAB/NAME.console, its monitor is $LAB/NAME.monitor.
#   --firmware bios|uefi|uefi-http|uefi6|uefi6-http|arm64
#       bios        SeaBIOS and the iPXE in the NIC's ROM: architecture 0, option 77 "iPXE"
#       uefi        OVMF and EDK2's own PXE client (the ROM is left out): architecture 7
#       uefi-http   the same with PXE switched off, so that it goes straight to HTTP boot: architecture 16
#       uefi6, uefi6-http   the same over IPv6. Nothing switches HTTP boot over IPv4 off, and it goes first: it gives up after 60 s, or
#                   as soon as it is sent to where nobody serves (lab_far_dhcp nowhere). Put first in the boot order, HTTP boot over IPv6
#                   fails at once, as EDK2 does not wait there for its own link-local address, and is not tried again
#       arm64       another machine: an arm64 server with AAVMF, which is EDK2 too: architecture 11. Wants tools/lab/packages arm64
#   --uuid --manufacturer --product --serial   SMBIOS type 1 (system); the rest of the tables is derived from them
#   --mac MAC                                  NIC address
#   --nic MODEL                                virtio-net-pci (default), e1000, e1000e, rtl8139, vmxnet3, pcnet, ne2k_pci, i82559er: each
#                                              has its own ROM, an iPXE, and boots by that, in UEFI too, where only virtio's is left out. In
#                                              pcnet and i82559er it loses too much of what comes fast: no kernel arrives
#   --memory MIB                               default 512 (OVMF starts a small initramfs with 192, SeaBIOS with 128)
#   --disks "KIND:SIZE:SERIAL ..."             KIND is virtio or nvme; default one of each; "" for none
#   --bmc ADDRESS                              the machine has a BMC there (lab_bmc) and is off until that switches it on. Set up to boot
#                                              from disk, so from nothing; from the network when the BMC is told "boot pxe", once.
#   --in-band PORT                             with --bmc: and the BMC at the machine's own KCS interface (/dev/ipmi0)
# NAME is at most 11 characters: "tap-NAME" is an interface name, and those end at 15.
lab_vm() {
  local name=$1 firmware=bios uuid='' manufacturer=QEMU product=Machine serial=0 mac='' nic=virtio-net-pci memory=512 bmc='' in_band=''
  local disks="virtio:1G:$1-vda nvme:2G:$1-nvme"
  shift
  while (($#)); do
    case $1 in
      --firmware) firmware=$2 ;;
      --uuid) uuid=$2 ;;
      --manufacturer) manufacturer=$2 ;;
      --product) product=$2 ;;
      --serial) serial=$2 ;;
      --mac) mac=$2 ;;
      --nic) nic=$2 ;;
      --memory) memory=$2 ;;
      --disks) disks=$2 ;;
      --bmc) bmc=$2 ;;
      --in-band) in_band=$2 ;;
      *) lab_say "lab_vm: unknown option $1" && return 2 ;;
    esac
    shift 2
  done
  if [[ -z $uuid || -z $mac || ${#name} -gt 11 ]]; then
    lab_say "lab_vm: needs a NAME of at most 11 characters, --uuid and --mac"
    return 2
  fi
  # QEMU reads ",," as a comma inside a value.
  manufacturer=${manufacturer//,/,,} product=${product//,/,,} serial=${serial//,/,,}

  local tap=tap-$name
  ip -n "$LAB_RACK" tuntap add "$tap" mode tap
  ip -n "$LAB_RACK" link set "$tap" master br0 up

  # TCG always: /dev/kvm may be there and still hang in real-mode firmware. No display, floppy, IDE or USB: less to probe.
  local board=(qemu-system-x86_64 -machine pc,usb=off,graphics=off)
  if [[ $firmware == arm64 ]]; then board=(qemu-system-aarch64 -machine virt -cpu cortex-a72); fi
  local qemu=(
    "${board[@]}" -name "$name" -accel tcg -smp 2 -m "$memory"
    -nodefaults -display none -vga none
    -monitor "unix:$LAB/$name.monitor,server=on,wait=off"
    -device virtio-rng-pci
    -uuid "$uuid"
    -smbios "type=0,vendor=Lab Firmware,version=1.0,date=01/02/2024"
    -smbios "type=1,manufacturer=$manufacturer,product=$product,version=1.0,serial=$serial,sku=$product-SKU,family=Lab,uuid=$uuid"
    -smbios "type=2,manufacturer=$manufacturer,product=$product Board,version=A0,serial=$serial-BOARD"
    -smbios "type=3,manufacturer=$manufacturer,version=1U,serial=$serial-CHASSIS"
    -smbios "type=4,sock_pfx=CPU,manufacturer=$manufacturer,version=Lab CPU,serial=$serial-CPU,max-speed=3000,current-speed=2500"
    -smbios "type=17,loc_pfx=DIMM,bank=Bank,manufacturer=$manufacturer,serial=$serial-DIMM,part=LAB-DDR,speed=3200"
    -netdev "tap,id=net0,ifname=$tap,script=no,downscript=no"
  )

  # A BMC's machine keeps its serial port when it is switched off, and starts again when it restarts itself.
  if [[ -n $bmc ]]; then
    qemu+=(-chardev "socket,id=serial,path=$LAB/$name.serial" -serial chardev:serial)
  else
    qemu+=(-no-reboot -serial "file:$LAB/$name.console")
  fi
  if [[ -n $in_band ]]; then
    qemu+=(
      -chardev "socket,id=ipmi,host=127.0.0.1,port=$in_band,reconnect=10"
      -device ipmi-bmc-extern,id=bmc,chardev=ipmi -device isa-ipmi-kcs,bmc=bmc,irq=5
    )
  fi

  local disk kind size disk_serial number=0
  for disk in $disks; do
    IFS=: read -r kind size disk_serial <<<"$disk"
    truncate -s "$size" "$LAB/$name.disk$number"
    # What is discarded is gone from an NVMe disk; a virtio disk takes the command and does nothing, as some SSDs do.
    qemu+=(-drive "file=$LAB/$name.disk$number,format=raw,if=none,id=disk$number,discard=$([[ $kind == nvme ]] && echo unmap || echo ignore)")
    case $kind in
      virtio) qemu+=(-device "virtio-blk-pci,drive=disk$number,serial=${disk_serial:0:20}@DISK$number@") ;;
      nvme) qemu+=(-device "nvme,drive=disk$number,serial=${disk_serial:0:20}@DISK$number@") ;;
      *) lab_say "lab_vm: unknown disk kind $kind" && return 2 ;;
    esac
    number=$((number + 1))
  done

  case $firmware in
    bios)
      qemu+=(-device "$nic,netdev=net0,mac=$mac@NIC@" -boot menu=off,strict=on)
      ;;
    uefi | uefi-http | uefi6 | uefi6-http)
      cp /usr/share/OVMF/OVMF_VARS_4M.fd "$LAB/$name.vars"
      qemu+=(
        -drive if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd
        -drive "if=pflash,format=raw,unit=1,file=$LAB/$name.vars"
        -device "$nic,netdev=net0,mac=$mac$(lab_uefi_rom "$nic")@NIC@" -boot menu=off
      )
      if [[ $firmware != uefi6 ]]; then qemu+=(-fw_cfg name=opt/org.tianocore/IPv6PXESupport,string=n); fi
      if [[ $firmware != uefi ]]; then qemu+=(-fw_cfg name=opt/org.tianocore/IPv4PXESupport,string=n); fi
      ;;
    arm64)
      cp --sparse=always /usr/share/AAVMF/AAVMF_VARS.fd "$LAB/$name.vars"
      qemu+=(
        -drive if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/AAVMF/AAVMF_CODE.fd
        -drive "if=pflash,format=raw,unit=1,file=$LAB/$name.vars"
        -device "$nic,netdev=net0,mac=$mac,romfile=@NIC@" -boot menu=off
        -fw_cfg name=opt/org.tianocore/IPv6PXESupport,string=n
      )
      ;;
    *) lab_say "lab_vm: unknown firmware $firmware" && return 2 ;;
  esac

  # The boot order: the network and then the first disk, or the first disk alone.
  local network=("${qemu[@]//@DISK0@/,bootindex=1}") local=("${qemu[@]//@NIC@/}")
  network=("${network[@]//@NIC@/,bootindex=0}")
  network=("${network[@]//@DISK?@/}")
  local=("${local[@]//@DISK0@/,bootindex=0}")
  local=("${local[@]//@DISK?@/}")
  if [[ -n $bmc ]]; then
    {
      echo '#!/usr/bin/env bash'
      echo "case \$1 in pxe) exec$(printf ' %q' "${network[@]}") ;; *) exec$(printf ' %q' "${local[@]}") ;; esac"
    } >"$LAB/$name.run"
    chmod +x "$LAB/$name.run"
    lab_bmc "$name" "$bmc" "$in_band"
  else
    lab_vm_start[$name]=$(lab_now)
    # No function: then $! would be a shell that waits for QEMU, and QEMU would outlive it, with the disk's lock.
    ip netns exec "$LAB_RACK" "${network[@]}" >"$LAB/$name.qemu" 2>&1 </dev/null &
    lab_vm_pid[$name]=$!
  fi
}

# lab_uefi_rom MODEL   What a card carries in UEFI. The ROM that QEMU takes has a part for UEFI, but for one card, which has another ROM.
lab_uefi_rom() {
  case $1 in
    virtio-net-pci*) echo ,romfile= ;;
    i82559*) echo ,romfile=efi-eepro100.rom ;;
  esac
}

# lab_standard_vm FIRMWARE [OPTION...]   Powers on the machine that every scenario uses for that firmware; its name is the firmware's.
lab_standard_vm() {
  local product=() extra=()
  case $1 in
    bios) product=(--manufacturer "Foundry Works" --product "Anvil 100" --serial FW-BIOS-0001) extra=(--disks "virtio:1G:FW-VDA-1 nvme:2G:FW-NVME-1") ;;
    uefi) product=(--manufacturer "Smelter Inc." --product "Bloomery 7" --serial SM-UEFI-0002) extra=(--disks "virtio:3G:SM-VDA-2 nvme:4G:SM-NVME-2") ;;
    uefi6) product=(--manufacturer "Smelter Inc." --product "Bloomery 7" --serial SM-UEFI-0006) extra=(--disks "virtio:1G:SM-VDA-6") ;;
    uefi-http | uefi6-http) product=(--manufacturer "Hearth & Sons" --product "Ember" --serial HS-HTTP-0003) extra=(--disks "nvme:1G:HS-NVME-3") ;;
    *) lab_say "lab: unknown firmware $1" && return 2 ;;
  esac
  lab_vm "$1" --firmware "$1" --uuid "$(lab_uuid "$1")" --mac "$(lab_mac "$1")" "${product[@]}" "${extra[@]}" "${@:2}"
}
lab_mac() {
  case $1 in bios) echo 52:54:00:77:00:01 ;; uefi) echo 52:54:00:77:00:02 ;; uefi6) echo 52:54:00:77:00:06 ;; *) echo 52:54:00:77:00:03 ;; esac
}
lab_uuid() {
  case $1 in
    bios) echo 1f0c6a50-5b1d-4e0c-9a01-525400770001 ;;
    uefi) echo 1f0c6a50-5b1d-4e0c-9a02-525400770002 ;;
    uefi6) echo 1f0c6a50-5b1d-4e0c-9a06-525400770006 ;;
    *) echo 1f0c6a50-5b1d-4e0c-9a03-525400770003 ;;
  esac
}

lab_vm_off() { ! lab_alive "${lab_vm_pid[$1]:-$(cat "$LAB/$1.pid" 2>/dev/null)}"; }

# lab_wait_vm NAME SECONDS   Waits until the machine is off (it powered off, or asked for a reboot, which -no-reboot makes an exit).
lab_wait_vm() { lab_poll "$2" lab_vm_off "$1"; }

# lab_kill_vm NAME   Pulls the plug.
lab_kill_vm() {
  kill -KILL "${lab_vm_pid[$1]}" 2>/dev/null || :
  lab_poll 5 lab_vm_off "$1" || :
  ip -n "$LAB_RACK" link delete "tap-$1" 2>/dev/null || :
  unset "lab_vm_pid[$1]"
}

# --- BMCs -------------------------------------------------------------------------------------------------------------

# lab_bmc NAME ADDRESS [IN_BAND_PORT]   The BMC of machine NAME (lab_vm --bmc): OpenIPMI's ipmi_sim on the boot host's network, UDP port
# 623, user "admin" with password "secret" (number 2; 3, "operator"/"watch", may not set up users). Power, reset and boot device are the
# QEMU process's (tools/lab/bmc/chassis), serial-over-LAN is its serial port, sensors and parts are those of tools/lab/bmc. Its log:
# $LAB/NAME.bmc.log. What was switched, and when: $LAB/NAME.switched.
lab_bmc() {
  local name=$1 address=$2 in_band=${3-} bmc=$lab_root/tools/lab/bmc memory=$LAB/$1.memory/ipmi_sim/$1 serial
  serial=$((9000 + ++lab_bmcs))
  mkdir -p "$memory"
  sdrcomp -o "$memory/sdr.20.main" "$bmc/bmc.sdrs"
  ip -n "$LAB_NS" addr add "$address/32" dev br0
  # No bytes are lost: the cable is there before its ends.
  lab_daemon "$LAB/$name.cable.log" ip netns exec "$LAB_NS" "$bmc/serial-cable" "$LAB/$name.serial" "127.0.0.1:$serial" "$LAB/$name.console"
  lab_poll 5 test -S "$LAB/$name.serial"
  cat >"$LAB/$name.lan.conf" <<CONF
name "$name"
set_working_mc 0x20
startlan 1
  addr $address 623
  priv_limit admin
  guid $(printf '51de417e0b3c4d00a0000000000000%02x' "${address##*.}")
  allowed_auths_callback md5
  allowed_auths_user md5
  allowed_auths_operator md5
  allowed_auths_admin md5
  lan_config_program "$LAB/$name.lan-parameters"
endlan
chassis_control "$bmc/chassis $LAB/$name"
sol "tcp:127.0.0.1:$serial" 115200
${in_band:+serial 15 127.0.0.1 $in_band codec VM}
user 2 true "admin" "secret" admin 10 none md2 md5 straight
user 3 true "operator" "watch" operator 10 none md2 md5 straight
CONF
  # What the BMC says of its own network, in band as over it.
  cat >"$LAB/$name.lan-parameters" <<SCRIPT
#!/bin/sh
[ "\$1" = get ] || exit 0
shift
for name; do
  case \$name in
    ip_addr) echo "ip_addr:$address" ;;
    ip_addr_src) echo "ip_addr_src:static" ;;
    mac_addr) echo "mac_addr:$(printf '52:54:00:b0:00:%02x' "${address##*.}")" ;;
    subnet_mask) echo "subnet_mask:255.255.255.0" ;;
    default_gw_ip_addr) echo "default_gw_ip_addr:$LAB_ADDRESS" ;;
    *_mac_addr) echo "\$name:00:00:00:00:00:00" ;;
    *) echo "\$name:0.0.0.0" ;;
  esac
done
SCRIPT
  chmod +x "$LAB/$name.lan-parameters"
  lab_daemon "$LAB/$name.bmc.log" ip netns exec "$LAB_NS" ipmi_sim -n -c "$LAB/$name.lan.conf" -f "$bmc/bmc.emu" -s "$LAB/$name.memory"
  lab_poll 10 lab_ipmitool "$address" mc info >/dev/null 2>&1 || {
    lab_say "lab: the BMC of $name does not answer:"
    cat "$LAB/$name.bmc.log" >&2
    return 1
  }
}
lab_bmcs=0

# lab_ipmitool ADDRESS ARGUMENT...   Somebody else's client, to set a scene and to check ours.
lab_ipmitool() { lab_in timeout 20 ipmitool -I lanplus -C 3 -H "$1" -U admin -P secret -R 2 -N 2 "${@:2}"; }

# lab_console NAME   The machine's console without control sequences.
lab_console() { sed -e 's/\x1b\[[0-9;=?]*[A-Za-z]//g' -e 's/\r/\n/g' "$LAB/$1.console" 2>/dev/null | grep -av '^\s*$' || :; }

# --- what runs on the boot host and beside it ---------------------------------------------------------------------------

# lab_siderite CONFIG   Starts `siderite serve` on the boot host and waits (15 s) until it says that it is ready.
lab_siderite() {
  lab_daemon "$LAB/siderite.log" ip netns exec "$LAB_NS" "$SIDERITE_BIN" serve --config "$1"
  lab_siderite_pid=$lab_last_pid
  lab_poll 15 lab_siderite_ready_or_gone
  lab_siderite_ready || {
    lab_say "lab: siderite did not become ready:"
    tail -n 20 "$LAB/siderite.log" >&2
    return 1
  }
}
lab_siderite_ready() { lab_in curl -fsS -m 2 -o /dev/null "http://$LAB_ADDRESS:9440/readyz" 2>/dev/null; }
lab_siderite_ready_or_gone() { lab_siderite_ready || ! lab_alive "$lab_siderite_pid"; }

# lab_siderite_cli ARGUMENT...   The command line, talking to this lab's daemon.
lab_siderite_cli() { SIDERITE_ADMIN_SOCKET=$LAB/siderite.sock timeout 20 "$SIDERITE_BIN" "$@"; }

# lab_registered UUID   Whether the machine is a Server resource yet. Asked five times a second while machines want the processors: by curl,
# which costs a tenth of our own command line in a debug build.
lab_registered() { curl -fs -m 2 -o /dev/null --unix-socket "$LAB/siderite.sock" "http://localhost/servers/$1"; }

# lab_siderite_config MODE AGENT_DIRECTORY   Prints a configuration for this rack; MODE is server, proxy or ipv6 (and no DHCPv4 at all).
lab_siderite_config() {
  cat <<YAML
stateDirectory: $LAB/state
adminSocket: $LAB/siderite.sock
bootFiles: $LAB_BOOT_FILES
agent:
  directory: $2
  afterRegistration: poweroff
interfaces:
  - name: br0
    mode: ${1/ipv6/off}
    address: $LAB_ADDRESS
YAML
  if [[ $1 == ipv6 ]]; then
    cat <<YAML
    ipv6:
      mode: server
      address: $LAB_ADDRESS6
      pools: [$LAB_POOL6]
      leaseTime: 10m
      routerAdvertisements: true
YAML
  fi
  [[ $1 == server ]] || return 0
  cat <<YAML
    pools: [$LAB_POOL]
    router: $LAB_ADDRESS
    dns: [$LAB_ADDRESS]
    domain: lab.test
    leaseTime: 10m
YAML
  [[ $LAB_RACK != "$LAB_NS" ]] || return 0
  cat <<YAML
    relayed:
      - subnet: ${LAB_RELAYED_ADDRESS%.*}.0/24
        pools: [$LAB_RELAYED_POOL]
        router: $LAB_RELAYED_ADDRESS
        domain: lab.test
        leaseTime: 10m
YAML
}

# lab_dnsmasq NAMESPACE LOG OPTION...   dnsmasq without any configuration but the options; no DNS.
lab_dnsmasq() {
  local namespace=$1 log=$2
  shift 2
  lab_daemon "$log" ip netns exec "$namespace" dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --user=root \
    --pid-file= --log-facility=- --log-dhcp --dhcp-leasefile="$log.leases" --no-ping "$@"
}

# lab_far_dhcp [nowhere]   On the other host: a DHCP server that knows nothing of booting; or sends UEFI's HTTP boot to where nobody serves.
lab_far_dhcp() {
  local options=()
  if [[ ${1-} == nowhere ]]; then
    options=(
      --dhcp-match=set:http,option:client-arch,16 --dhcp-boot="tag:http,http://$LAB_FAR_ADDRESS/nothing"
      --dhcp-option-force=tag:http,option:vendor-class,HTTPClient
    )
  fi
  lab_dnsmasq "$LAB_FAR" "$LAB/far-dhcp.log" --interface=eth0 --bind-interfaces --dhcp-authoritative \
    --dhcp-range="${LAB_POOL%-*},${LAB_POOL#*-},10m" --dhcp-option=option:router,"$LAB_ADDRESS" "${options[@]}"
}

# lab_reference_server MODE WEB_DIRECTORY   dnsmasq and python in Siderite's place; MODE is server or proxy. WEB_DIRECTORY holds
# boot.ipxe and is served on 8081. When a scenario fails with Siderite and passes with this, the rack is not to blame.
lab_reference_server() {
  local web=http://$LAB_ADDRESS:8081 options=()
  lab_daemon "$LAB/web.log" ip netns exec "$LAB_NS" python3 -u -m http.server 8081 --bind "$LAB_ADDRESS" --directory "$2"
  # The class first: "already in iPXE" must win, or the machine loads iPXE for ever.
  options=(
    --interface=br0 --bind-interfaces --enable-tftp --tftp-root="$LAB_BOOT_FILES"
    --dhcp-userclass=set:ipxe,iPXE
    --dhcp-match=set:bios,option:client-arch,0
    --dhcp-match=set:uefi,option:client-arch,7
    --dhcp-match=set:http,option:client-arch,16
    # iPXE takes a ProxyDHCP answer only with both a next server and a file name.
    --dhcp-boot="tag:ipxe,$web/boot.ipxe,,$LAB_ADDRESS"
    # "Wait for no proxy": without it iPXE collects offers for 3 s.
    --dhcp-option="tag:ipxe,encap:175,176,1b"
  )
  if [[ $1 == server ]]; then
    options+=(
      --dhcp-authoritative --dhcp-range="${LAB_POOL%-*},${LAB_POOL#*-},10m" --dhcp-option=option:router,"$LAB_ADDRESS"
      --dhcp-boot=tag:bios,tag:!ipxe,undionly.kpxe
      --dhcp-boot=tag:uefi,tag:!ipxe,snponly.efi
      --dhcp-boot="tag:http,tag:!ipxe,$web/snponly.efi"
      --dhcp-option-force=tag:http,option:vendor-class,HTTPClient
    )
  else
    options+=(
      --dhcp-range="${LAB_ADDRESS%.*}.0,proxy"
      --pxe-service="tag:!ipxe,X86PC,iPXE,undionly.kpxe"
      --pxe-service="tag:!ipxe,X86-64_EFI,iPXE,snponly.efi"
    )
  fi
  lab_dnsmasq "$LAB_NS" "$LAB/reference.log" "${options[@]}"
}

lab_probed() { lab_console "$1" | grep -qi "probe: booted $(lab_uuid "$1")"; }

# lab_capture FILE   Records what DHCP, ProxyDHCP and TFTP say on the bridge: of each TFTP transfer the request, the option
# acknowledgement, errors and the first four blocks. lab_capture_end completes the file.
lab_capture() {
  # What is captured must be what travels: checksums filled in, and datagrams as long as the wire allows.
  lab_in ethtool -K br0 tx off gso off >/dev/null
  if ip netns list | grep -q "^$LAB_FAR\b"; then lab_in_far ethtool -K eth0 tx off gso off >/dev/null; fi
  lab_daemon "$1.log" ip netns exec "$LAB_NS" tcpdump -i br0 -U --immediate-mode -Z root -s 0 -w "$1" "$lab_capture_filter"
  lab_capture_pid=$lab_last_pid
  lab_poll 5 test -s "$1"
}
lab_capture_end() {
  kill "$lab_capture_pid"
  lab_poll 5 lab_all_gone "$lab_capture_pid"
}
# udp[8:2] is the TFTP opcode (3 DATA, 4 ACK, 5 ERROR, 6 OACK), udp[10:2] the block.
lab_capture_filter='udp and (port 67 or port 68 or port 4011 or port 69 or udp[8:2] = 5 or udp[8:2] = 6
  or ((udp[8:2] = 3 or udp[8:2] = 4) and udp[10:2] <= 4))'

# --- the probe: what the reference server boots ---------------------------------------------------------------------------

# lab_probe_payload DIRECTORY   Fills DIRECTORY for lab_reference_server: vmlinuz (Debian's cloud kernel, cached), initramfs.gz (a
# static busybox that gets an address, prints "probe: booted UUID" and powers off), boot.ipxe, and the boot programs for HTTP boot; and
# amd64/, laid out as Siderite's agent directory, so that the probe can stand in for the agent.
lab_probe_payload() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/siderite/probe-kernel package root=$1/root module
  package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image-/ { print $2; exit }')
  if [[ ! -d $cache/$package ]]; then
    mkdir -p "$cache"
    rm -rf "$cache/partial"
    mkdir "$cache/partial"
    (cd "$cache/partial" && timeout 300 apt-get download -qq -o APT::Sandbox::User=root "$package" && dpkg-deb -x ./*.deb . && rm -f ./*.deb)
    mv "$cache/partial" "$cache/$package"
  fi
  mkdir -p "$root"/{bin,dev,proc,sys,modules}
  cp "$cache/$package"/boot/vmlinuz-* "$1/vmlinuz"
  cp /bin/busybox "$root/bin/"
  for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net af_packet; do
    find "$cache/$package/lib/modules" -name "$module.ko" -exec cp {} "$root/modules/" \;
  done
  cat >"$root/init" <<'INIT'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs dev /dev 2>/dev/null
for m in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net; do
  [ ! -e /modules/$m.ko ] || $b insmod /modules/$m.ko
done
$b ip link set eth0 up
$b udhcpc -i eth0 -n -q -t 5 -s /bin/true 2>&1 | $b grep obtained
echo "probe: booted $($b cat /sys/class/dmi/id/product_uuid) $($b cat /sys/class/dmi/id/sys_vendor) $($b cat /sys/class/dmi/id/product_name)"
$b free -m | $b sed -n 2p
$b poweroff -f
INIT
  chmod +x "$root/init"
  ln -sf busybox "$root/bin/true"
  (cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$1/initramfs.gz"
  cp "$LAB_BOOT_FILES"/{snponly.efi,undionly.kpxe} "$1/"
  mkdir "$1/amd64"
  cp "$1/vmlinuz" "$1/amd64/vmlinuz"
  cp "$1/initramfs.gz" "$1/amd64/initramfs.xz"  # the kernel looks at the contents, not at the name
  cat >"$1/boot.ipxe" <<IPXE
#!ipxe
kernel http://$LAB_ADDRESS:8081/vmlinuz initrd=initramfs.gz console=ttyS0 quiet panic=5
initrd http://$LAB_ADDRESS:8081/initramfs.gz
boot
IPXE
}
