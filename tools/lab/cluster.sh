#!/usr/bin/env bash
# A management cluster for a lab: a real API server (tools/kube) on the boot host's network, Siderite's kinds in it, and what stands in for
# Cluster API's core provider. A library: source it after lab.sh, do not run it.
#
#   . tools/lab/lab.sh && . tools/lab/cluster.sh
#   lab_start
#   lab_cluster                                     # "$LAB/kube"; Siderite's and Cluster API's kinds, RBAC
#   lab_cluster_config >>"$LAB/siderite.yaml"       # the daemon keeps its resources there
#   lab_kubectl get servers
#   lab_metal_cluster tenant                        # Cluster and MetalCluster
#   lab_metal_machine tenant a class:anvils FILE    # Secret, Machine and MetalMachine
#   lab_metal_machine_delete a
#
# Cluster API's own controllers do not run: what they would write (owner references, `infrastructureReady`, the bootstrap Secret) is
# written by kubectl. Siderite's daemon is known to the cluster by its service account and may do what rootfs/cluster/rbac.yaml says.

: "${LAB_KUBE:=kube}" # which cluster, where a lab has several: its directory is "$LAB/$LAB_KUBE"

# lab_kubectl ARGUMENT...   As the administrator. Again when it crashes: Debian's kubectl 1.20, built with a Go of today, now and then does
# when it writes JSON (modern-go/reflect2 before 1.0.2).
lab_kubectl() {
  local input='' errors=$LAB/kubectl.$BASHPID status tries
  [[ " $* " != *" -f - "* && " $* " != *" -f -"* ]] || input=$(cat)
  for ((tries = 0; tries < 5; tries++)); do
    status=0
    printf '%s\n' "$input" | lab_in "$lab_root/tools/kube" kubectl "$LAB/$LAB_KUBE" --request-timeout=20s "$@" 2>"$errors" || status=$?
    ((status == 2)) && grep -qE '^(panic|fatal error|unexpected fault)' "$errors" || break
  done
  cat "$errors" >&2
  rm -f "$errors"
  return "$status"
}

# lab_cluster   Starts the API server and installs what `clusterctl` would.
lab_cluster() {
  local crds=("$lab_root"/rootfs/cluster/crds/*.yaml) crd
  lab_in "$lab_root/tools/kube" start "$LAB/$LAB_KUBE" "${@}" --while "$LAB_PID"
  lab_kubectl apply -f "$lab_root/rootfs/cluster/namespace.yaml" >/dev/null
  lab_cluster_api | lab_kubectl apply -f - >/dev/null
  for crd in "${crds[@]}"; do lab_kubectl apply -f "$crd" >/dev/null; done
  lab_kubectl apply -f "$lab_root/rootfs/cluster/rbac.yaml" -f "$lab_root/rootfs/cluster/webhooks.yaml" >/dev/null
  lab_kubectl wait --for=condition=Established --timeout=30s crd --all >/dev/null
  lab_cluster_kubeconfig
}
# lab_cluster_stop / lab_cluster_start   An outage: SIGKILL for the API server; the same again.
lab_cluster_stop() { lab_in "$lab_root/tools/kube" kill-api "$LAB/$LAB_KUBE"; }
lab_cluster_start() {
  # On a busy machine it may need longer than tools/kube waits.
  lab_in "$lab_root/tools/kube" start-api "$LAB/$LAB_KUBE" >"$LAB/start-api.log" 2>&1 || lab_poll 240 lab_cluster_ready
}
lab_cluster_ready() { lab_kubectl get --raw /readyz >/dev/null 2>&1; }

# lab_cluster_kubeconfig   "$LAB/$LAB_KUBE/siderite.kubeconfig": the daemon's, by a token of its service account.
lab_cluster_kubeconfig() {
  local token kubeconfig=$LAB/$LAB_KUBE/siderite.kubeconfig
  token=$(echo '{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}' |
    lab_kubectl create --raw /api/v1/namespaces/sidero-system/serviceaccounts/siderite/token -f - |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["status"]["token"])')
  # Not by `kubectl config`: 1.20, built with a Go of today, crashes when it writes.
  (umask 077 && cat >"$kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters:
  - name: lab
    cluster:
      server: $(sed -n 's/^ *server: *//p' "$LAB/$LAB_KUBE/kubeconfig")
      certificate-authority-data: $(base64 -w 0 "$LAB/$LAB_KUBE/ca.crt")
users:
  - name: siderite
    user: {token: $token}
contexts:
  - name: siderite
    context: {cluster: lab, user: siderite}
current-context: siderite
YAML
  )
}
# lab_cluster_config [HOST]   Prints what the daemon's configuration needs besides.
lab_cluster_config() {
  cat <<YAML
kubeconfig: $LAB/$LAB_KUBE/siderite.kubeconfig
bootHost: ${1:-boot-host}
YAML
}

# lab_field KIND NAME PATH   A field by kubectl's JSONPath, without its braces; nothing where there is none.
lab_field() { lab_kubectl get "$1" "$2" -o "jsonpath={$3}" 2>/dev/null || :; }
lab_is() { [[ $(lab_field "$1" "$2" "$3") == "$4" ]]; }

# lab_cluster_requests FILTER   Requests that the daemon made since the beginning, by jq-like python on the audit log's lines.
lab_cluster_requests() {
  python3 - "$LAB/$LAB_KUBE/audit.log" "$1" <<'PYTHON'
import json, sys
count = 0
for line in open(sys.argv[1]):
    entry = json.loads(line)
    if entry.get("stage") in (None, "ResponseComplete") and "system:serviceaccount:sidero-system:siderite" in json.dumps(entry.get("user", "")):
        count += bool(eval(sys.argv[2], {"e": entry, "verb": entry.get("verb"), "object": entry.get("objectRef", {})}))
print(count)
PYTHON
}

# lab_metal_cluster NAME   A Cluster with its MetalCluster, as far as Cluster API would have brought them.
lab_metal_cluster() {
  lab_kubectl apply -f - >/dev/null <<YAML
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: $1, namespace: default}
spec:
  controlPlaneEndpoint: {host: 10.77.0.50, port: 6443}
  infrastructureRef: {apiVersion: infrastructure.cluster.x-k8s.io/v1alpha3, kind: MetalCluster, name: $1, namespace: default}
YAML
  lab_kubectl apply -f - >/dev/null <<YAML
apiVersion: infrastructure.cluster.x-k8s.io/v1alpha3
kind: MetalCluster
metadata:
  name: $1
  namespace: default
  labels: {cluster.x-k8s.io/cluster-name: $1}
  ownerReferences:
    - {apiVersion: cluster.x-k8s.io/v1beta1, kind: Cluster, name: $1, uid: $(lab_field cluster "$1" .metadata.uid)}
spec:
  controlPlaneEndpoint: {host: 10.77.0.50, port: 6443}
YAML
}
# lab_workload NAME   Another API server, as the cluster that runs on that Cluster's machines, with its kubeconfig where Cluster API keeps it.
lab_workload() {
  lab_in "$lab_root/tools/kube" start "$LAB/workload" --while "$LAB_PID"
  lab_kubectl create secret generic "$1-kubeconfig" --from-file=value="$LAB/workload/kubeconfig" --dry-run=client -o yaml |
    lab_kubectl apply -f - >/dev/null
}
lab_workload_kubectl() { LAB_KUBE=workload lab_kubectl "$@"; }
# lab_workload_node NAME UUID   As the machine's kubelet registers it: with the label that its configuration says.
lab_workload_node() {
  lab_workload_kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Node
metadata:
  name: $1
  labels: {metal.sidero.dev/uuid: $2}
YAML
}

# lab_infrastructure_ready NAME   What the core provider writes when the MetalCluster is ready.
lab_infrastructure_ready() { lab_status cluster "$1" '{"infrastructureReady": true, "phase": "Provisioned"}'; }

# lab_status KIND NAME JSON   Writes a status: kubectl 1.20 cannot.
lab_status() {
  local group=cluster.x-k8s.io/v1beta1
  lab_kubectl get "$1" "$2" -o json |
    python3 -c 'import json, sys; o = json.load(sys.stdin); o["status"] = {**o.get("status", {}), **json.loads(sys.argv[1])}; print(json.dumps(o))' "$3" |
    lab_kubectl replace --raw "/apis/$group/namespaces/default/$1s/$2/status" -f - >/dev/null
}

# lab_metal_machine CLUSTER NAME WHERE FILE   A Machine that wants a Server, and its MetalMachine; WHERE is class:NAME or server:NAME, FILE
# its machine configuration.
lab_metal_machine() {
  local cluster=$1 name=$2 where=$3 reference
  case $where in
    class:*) reference="serverClassRef: {apiVersion: metal.sidero.dev/v1alpha2, kind: ServerClass, name: ${where#class:}}" ;;
    server:*) reference="serverRef: {apiVersion: metal.sidero.dev/v1alpha2, kind: Server, name: ${where#server:}}" ;;
    *) lab_say "lab_metal_machine: class:NAME or server:NAME" && return 2 ;;
  esac
  lab_kubectl create secret generic "$name-bootstrap-data" --from-file=value="$4" --dry-run=client -o yaml | lab_kubectl apply -f - >/dev/null
  lab_kubectl apply -f - >/dev/null <<YAML
apiVersion: cluster.x-k8s.io/v1beta1
kind: Machine
metadata:
  name: $name
  namespace: default
  labels: {cluster.x-k8s.io/cluster-name: $cluster}
spec:
  clusterName: $cluster
  bootstrap: {dataSecretName: $name-bootstrap-data}
  infrastructureRef: {apiVersion: infrastructure.cluster.x-k8s.io/v1alpha3, kind: MetalMachine, name: $name, namespace: default}
YAML
  lab_kubectl apply -f - >/dev/null <<YAML
apiVersion: infrastructure.cluster.x-k8s.io/v1alpha3
kind: MetalMachine
metadata:
  name: $name
  namespace: default
  labels: {cluster.x-k8s.io/cluster-name: $cluster}
  ownerReferences:
    - {apiVersion: cluster.x-k8s.io/v1beta1, kind: Machine, name: $name, uid: $(lab_field machine "$name" .metadata.uid)}
spec:
  $reference
YAML
}
# lab_metal_machine_delete NAME   As scaling down does; returns at once.
lab_metal_machine_delete() { lab_kubectl delete metalmachine "$1" --wait=false >/dev/null; }
# lab_metal_machine_gone NAME   Whether it is gone; its Machine goes with it then, as the core provider sees to.
lab_metal_machine_gone() {
  [[ -z $(lab_field metalmachine "$1" .metadata.uid) ]] || return 1
  lab_kubectl delete machine "$1" --ignore-not-found >/dev/null
  lab_kubectl delete secret "$1-bootstrap-data" --ignore-not-found >/dev/null
}

# lab_cluster_api   Cluster API's Cluster and Machine, without what its own controllers would want of them.
lab_cluster_api() {
  local kind
  for kind in Cluster Machine; do
    cat <<YAML
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: ${kind,,}s.cluster.x-k8s.io
spec:
  group: cluster.x-k8s.io
  scope: Namespaced
  names: {kind: $kind, plural: ${kind,,}s, singular: ${kind,,}}
  versions:
    - name: v1beta1
      served: true
      storage: true
      subresources: {status: {}}
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
YAML
  done
}

# --- machines without hardware ------------------------------------------------------------------------------------------------------

# lab_light OPTION...   tools/lab/light-machines on the boot host's network; what they say is in "$LAB/light.log" (or $LAB_LIGHT.log). The
# options are its own; its arguments are made here: COUNT is $lab_light_count.
: "${LAB_LIGHT:=light}"
lab_light() {
  mkdir -p "$LAB/$LAB_LIGHT"
  lab_daemon "$LAB/$LAB_LIGHT.log" ip netns exec "$LAB_NS" sh -c 'cd "$1" && shift && exec "$@"' - "$LAB/$LAB_LIGHT" \
    "$lab_root/tools/lab/light-machines" "$@" "$LAB_ADDRESS:8081" 9100 "$lab_light_count"
  lab_poll 10 grep -q '^ready' "$LAB/$LAB_LIGHT.log"
}
lab_light_uuid() { printf '11a47000-0000-4000-8000-%012x' "$1"; }
# lab_light_press BUTTON NUMBER [FIRST]   As a person at the machine: poweron, poweroff.
lab_light_press() { lab_in curl -fsS -X POST "http://127.0.0.1:$((9100 + $2 - ${3:-0}))/$1"; }
# lab_light_said TEXT   How many machines have said that, since the mark.
lab_light_said() {
  tail -n "+$((${lab_light_mark:-0} + 1))" "$LAB/$LAB_LIGHT.log" | grep -E "^[0-9]+ $1" | cut -d ' ' -f 1 | sort -u | wc -l
}
lab_light_here() { lab_light_mark=$(wc -l <"$LAB/$LAB_LIGHT.log"); }

# lab_light_payload   What they boot, in "$LAB/payload": it is fetched and not run.
lab_light_payload() {
  mkdir -p "$LAB/payload/amd64"
  head -c 300000 /dev/urandom >"$LAB/payload/amd64/vmlinuz"
  head -c 900000 /dev/urandom >"$LAB/payload/amd64/initramfs.xz"
}
# lab_light_config [OPTION: VALUE...]   The daemon's configuration for them: no DHCP, quick.
lab_light_config() {
  cat <<YAML
stateDirectory: $LAB/${LAB_STATE:-state}
adminSocket: $LAB/${LAB_STATE:-state}.sock
bootFiles: $LAB_BOOT_FILES
agent: {directory: $LAB/payload}
restartInterval: 1s
interfaces: [{name: br0, mode: off, address: $LAB_ADDRESS}]
YAML
  lab_cluster_config "$@"
}
# lab_light_manifests   An Environment and a class for them, "lanterns".
lab_light_manifests() {
  cat <<YAML
apiVersion: metal.sidero.dev/v1alpha2
kind: Environment
metadata: {name: lantern}
spec:
  kernel: {url: "file://$LAB/payload/amd64/vmlinuz", args: [console=ttyS0]}
  initrd: {url: "file://$LAB/payload/amd64/initramfs.xz"}
---
apiVersion: metal.sidero.dev/v1alpha2
kind: ServerClass
metadata: {name: lanterns}
spec:
  environmentRef: {name: lantern}
  qualifiers: {hardware: [{system: {manufacturer: Lantern Works}}]}
YAML
}
# lab_machine_config   A machine configuration as a bootstrap provider makes it.
lab_machine_config() {
  cat <<'YAML'
version: v1alpha1
machine:
  type: worker
  token: abcdef.0123456789abcdef
  kubelet: {}
  network: {}
  install: {disk: /dev/sda}
cluster:
  controlPlane: {endpoint: "https://10.77.0.50:6443"}
YAML
}
# lab_light_accept NUMBER [FIRST]   Accepted, and managed by its management API.
lab_light_accept() {
  lab_kubectl patch server "$(lab_light_uuid "$1")" --type merge -p \
    "{\"spec\": {\"accepted\": true, \"managementApi\": {\"endpoint\": \"127.0.0.1:$((9100 + $1 - ${2:-0}))\"}}}" >/dev/null
}
# lab_count KIND JSONPATH VALUE   Objects of the kind whose field has that value.
lab_count() {
  lab_kubectl get "$1" -A -o "jsonpath={range .items[*]}{$2}{\"\\n\"}{end}" 2>/dev/null | grep -cx -- "$3" || :
}
# lab_wait WHAT SECONDS COMMAND...   Says what was seen, or fails with `fail`.
lab_wait() {
  local what=$1 limit=$2 start
  start=$(lab_now)
  shift 2
  lab_poll "$limit" "$@" || fail "not within $limit s: $what"
  lab_say "ok: $what, after $(lab_elapsed "$start") s"
}
# lab_at_least NUMBER COMMAND...   Whether the command prints at least that.
lab_at_least() { (($("${@:2}") >= $1)); }
