import BareMetal

/// Manifests of every shape that Sidero documents: its fields, in its places, with values of our own.
enum ManifestShapes {
  static let uuid = "7f1c5a52-6f0e-4d3c-9c0a-0cc47a123456"

  /// `metal.sidero.dev/v1alpha2`, and ServerBinding's only version.
  static let today: [String: String] = [
    "an Environment, digests left empty": """
    {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Environment", "metadata": {"name": "default"},
     "spec": {
       "kernel": {"url": "https://assets.example/vmlinuz-amd64", "sha512": "",
         "args": ["console=tty0", "console=ttyS1,115200n8", "slab_nomerge=", "talos.platform=metal"]},
       "initrd": {"url": "https://assets.example/initramfs-amd64.xz", "sha512": ""}}}
    """,
    "an Environment with Siderite's architectures": """
    {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Environment", "metadata": {"name": "mixed"},
     "spec": {
       "kernel": {"url": "https://assets.example/vmlinuz-amd64"},
       "initrd": {"url": "https://assets.example/initramfs-amd64.xz"},
       "architectures": {"arm64": {"kernel": {"url": "https://assets.example/vmlinuz-arm64", "args": ["a=b"]},
         "initrd": {"url": "https://assets.example/initramfs-arm64.xz"}}}}}
    """,
    "a Server with all of its hardware": """
    {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server",
     "metadata": {"name": "\(uuid)", "labels": {"zone": "west", "shared": "true"}},
     "spec": {"accepted": false,
       "configPatches": [{"op": "replace", "path": "/cluster/network/cni",
         "value": {"name": "custom", "urls": ["http://assets.example/cni.yaml"]}}],
       "hardware": {
         "system": {"uuid": "\(uuid)", "manufacturer": "Supermicro", "productName": "SYS-1029", "version": "0123",
           "serialNumber": "S1", "skuNumber": "K1", "family": "SMC X11"},
         "compute": {"totalCoreCount": 16, "totalThreadCount": 32, "processorCount": 2, "processors": [
           {"manufacturer": "Intel(R) Corporation", "productName": "Xeon Silver 4208", "speed": 2100, "coreCount": 8,
            "threadCount": 16},
           {"manufacturer": "Intel(R) Corporation", "productName": "Xeon Silver 4208", "serialNumber": "P2",
            "speed": 2100, "coreCount": 8, "threadCount": 16}]},
         "memory": {"totalSize": "64 GB", "moduleCount": 2, "modules": [
           {"manufacturer": "Samsung", "productName": "M393", "serialNumber": "A", "type": "DDR4", "size": 32768,
            "speed": 2933},
           {"manufacturer": "Samsung", "productName": "M393", "serialNumber": "B", "type": "DDR4", "size": 32768,
            "speed": 2933}]},
         "storage": {"totalSize": "893 GB", "deviceCount": 1, "devices": [
           {"type": "SSD", "size": 960197124096, "productName": "PM883", "serialNumber": "D", "name": "sda",
            "deviceName": "/dev/sda", "uuid": "u", "wwid": "naa.5002538e00000001"}]},
         "network": {"interfaceCount": 2, "interfaces": [
           {"index": 1, "name": "lo", "flags": "up|loopback", "mtu": 65536, "mac": "",
            "addresses": ["127.0.0.1/8", "::1/128"]},
           {"index": 2, "name": "eno1", "flags": "up|broadcast|multicast", "mtu": 1500, "mac": "0c:c4:7a:12:34:56",
            "addresses": ["10.1.2.3/24"]}]}}}}
    """,
    "a Server that says nothing of its acceptance": """
    {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server", "metadata": {"name": "\(uuid)"},
     "spec": {"configPatches": [
       {"op": "replace", "path": "/machine/install", "value": {"disk": "/dev/sda"}},
       {"op": "add", "path": "/machine/network/interfaces/-", "value": {"interface": "eth1", "dhcp": true}},
       {"op": "remove", "path": "/machine/sysctls"},
       {"op": "test", "path": "/machine/type", "value": "worker"},
       {"op": "add", "path": "/machine/nothing", "value": null}],
       "strategicPatches": ["machine:\\n  network:\\n    hostname: a\\n"]}}
    """,
    "a Server with an Environment, and where its BMC is": """
    {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server", "metadata": {"name": "\(uuid)"},
     "spec": {"accepted": true, "environmentRef": {"namespace": "default", "name": "boot"}, "hostname": "node-1",
       "bmc": {"endpoint": "10.0.0.25", "port": 623, "user": "admin", "pass": "secret", "interface": "lanplus"},
       "cordoned": true, "pxeBootAlways": true, "bootFromDiskMethod": "ipxe-sanboot", "pxeMode": "bios"}}
    """,
    "a Server whose credentials are in Secrets": """
    {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server", "metadata": {"name": "\(uuid)"},
     "spec": {"accepted": true, "bmc": {"endpoint": "10.0.0.25",
       "userFrom": {"secretKeyRef": {"namespace": "default", "name": "ipmi", "key": "username"}},
       "passFrom": {"secretKeyRef": {"namespace": "default", "name": "ipmi", "key": "password"}}}}}
    """,
    "a Server of virtual hardware, with Siderite's wipe policy": """
    {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server", "metadata": {"name": "\(uuid)"},
     "spec": {"accepted": true, "managementApi": {"endpoint": "10.5.0.1:36000"}, "bootFromDiskMethod": "http-404",
       "wipePolicy": {"scope": "systemDisk", "mode": "full", "keep": [{"label": "data"}]}}}
    """,
    "a ServerClass with selector and qualifiers": """
    {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "ServerClass", "metadata": {"name": "sample"},
     "spec": {
       "selector": {"matchLabels": {"shared": "true"}, "matchExpressions": [
         {"key": "zone", "operator": "In", "values": ["middle", "west"]},
         {"key": "stage", "operator": "NotIn", "values": ["prod"]},
         {"key": "rack", "operator": "Exists"}, {"key": "broken", "operator": "DoesNotExist"}]},
       "qualifiers": {
         "hardware": [
           {"system": {"manufacturer": "Supermicro"},
            "compute": {"processors": [{"manufacturer": "AMD", "productName": "EPYC 7313P"}]}},
           {"compute": {"processors": [{"productName": "Xeon Silver 4208"}]}, "memory": {"totalSize": "64 GB"}},
           {"memory": {"totalSize": ">= 96 GiB"}, "storage": {"devices": [{"type": "NVMe", "size": "> 1 TB"}]}}],
         "labelSelectors": [{"shared": "true", "zone": "west"}, {"zone": "east"}]}}}
    """,
    "a ServerClass with all that its Servers get": """
    {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "ServerClass", "metadata": {"name": "cp.small.x86"},
     "spec": {"environmentRef": {"name": "production"}, "bootFromDiskMethod": "ipxe-exit",
       "configPatches": [{"op": "replace", "path": "/machine/install/disk", "value": "/dev/nvme0n1"},
         {"op": "add", "path": "/machine/install/extraKernelArgs", "value": ["console=tty0"]}],
       "strategicPatches": ["machine: {}"], "selector": {"matchLabels": {"metal.sidero.dev/serverclass": "cp"}},
       "spreadBy": "topology.kubernetes.io/rack"}}
    """,
    "a ServerClass that takes everything": """
    {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "ServerClass", "metadata": {"name": "any"},
     "spec": {"qualifiers": {}, "selector": {}}}
    """,
    "a ServerBinding of Cluster API": """
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "ServerBinding",
     "metadata": {"name": "\(uuid)", "labels": {"cluster.x-k8s.io/cluster-name": "workload"}},
     "spec": {
       "serverClassRef": {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "ServerClass", "name": "any"},
       "metalMachineRef": {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "MetalMachine",
         "namespace": "default", "name": "workload-cp-x", "uid": "u", "resourceVersion": "4", "fieldPath": "f"},
       "siderolink": {"address": "fd00::1/64", "publicKey": "k"}, "addresses": ["10.1.2.3"], "hostname": "node"}}
    """,
    "a ServerBinding of a person's": """
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "ServerBinding",
     "metadata": {"name": "\(uuid)"},
     "spec": {"configRef": {"namespace": "sidero-system", "name": "c", "key": "value"}}}
    """,
    "a MetalCluster": """
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "MetalCluster",
     "metadata": {"name": "prod", "namespace": "default"},
     "spec": {"controlPlaneEndpoint": {"host": "10.0.0.9", "port": 6443}}}
    """,
    "a MetalCluster as Cluster API writes it before it has an address": """
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "MetalCluster",
     "metadata": {"name": "prod", "namespace": "team-a", "ownerReferences": [
       {"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster", "name": "prod", "uid": "u"}]},
     "spec": {"controlPlaneEndpoint": {"host": "", "port": 0}}}
    """,
    "a MetalMachine that has its Server": """
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "MetalMachine",
     "metadata": {"name": "prod-cp-x7k2q", "namespace": "default", "labels": {"cluster.x-k8s.io/cluster-name": "prod",
       "cluster.x-k8s.io/control-plane": ""}},
     "spec": {"providerID": "sidero://\(uuid)",
       "serverClassRef": {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "ServerClass", "name": "cp"},
       "serverRef": {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server", "name": "\(uuid)"}}}
    """,
    "a MetalMachineTemplate": """
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "MetalMachineTemplate",
     "metadata": {"name": "prod-workers", "namespace": "default"},
     "spec": {"template": {"spec": {
       "serverClassRef": {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "ServerClass", "name": "any"}}}}}
    """,
  ]

  /// `infrastructure.cluster.x-k8s.io/v1alpha2`.
  static let olderInfrastructure: [String: String] = [
    "a MetalCluster": """
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha2", "kind": "MetalCluster",
     "metadata": {"name": "prod", "namespace": "default"},
     "spec": {"apiEndpoints": [{"host": "10.0.0.9", "port": 6443}]}}
    """,
    "a MetalMachine": """
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha2", "kind": "MetalMachine",
     "metadata": {"name": "prod-1", "namespace": "default"},
     "spec": {"providerID": "sidero://\(uuid)", "serverRef": {"kind": "Server", "name": "\(uuid)"}}}
    """,
    "a MetalMachineTemplate": """
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha2", "kind": "MetalMachineTemplate",
     "metadata": {"name": "prod-workers", "namespace": "default"},
     "spec": {"template": {"spec": {
       "serverRef": {"apiVersion": "metal.sidero.dev/v1alpha1", "kind": "Server", "name": "\(uuid)"}}}}}
    """,
  ]

  /// `metal.sidero.dev/v1alpha1`.
  static let older: [String: String] = [
    "an Environment": """
    {"apiVersion": "metal.sidero.dev/v1alpha1", "kind": "Environment", "metadata": {"name": "default"},
     "spec": {
       "kernel": {"url": "https://assets.example/vmlinuz", "sha512": "", "args": ["init_on_alloc=1", "pti=on"]},
       "initrd": {"url": "https://assets.example/initramfs.xz", "sha512": ""}}}
    """,
    "a Server": """
    {"apiVersion": "metal.sidero.dev/v1alpha1", "kind": "Server",
     "metadata": {"name": "\(uuid)", "labels": {"shared": "true", "zone": "west"}},
     "spec": {"accepted": false,
       "configPatches": [{"op": "replace", "path": "/cluster/network/cni", "value": {"name": "custom"}}],
       "cpu": {"manufacturer": "Intel(R) Corporation", "version": "Atom C3558"},
       "system": {"family": "F", "manufacturer": "M", "productName": "P", "serialNumber": "S", "skuNumber": "K",
         "version": "V"}}}
    """,
    "a Server with a system only, and all settings": """
    {"apiVersion": "metal.sidero.dev/v1alpha1", "kind": "Server", "metadata": {"name": "\(uuid)"},
     "spec": {"accepted": true, "system": {"manufacturer": "Dell Inc."}, "hostname": "h",
       "environmentRef": {"namespace": "default", "name": "boot"},
       "bmc": {"endpoint": "10.0.0.25", "user": "admin", "pass": "secret"}, "cordoned": true, "pxeBootAlways": true,
       "bootFromDiskMethod": "ipxe-sanboot", "pxeMode": "uefi", "managementApi": {"endpoint": "10.5.0.1:1"}}}
    """,
    "a ServerClass": """
    {"apiVersion": "metal.sidero.dev/v1alpha1", "kind": "ServerClass", "metadata": {"name": "sample"},
     "spec": {
       "selector": {"matchLabels": {"shared": "true"}, "matchExpressions": [
         {"key": "zone", "operator": "In", "values": ["middle", "west"]}]},
       "qualifiers": {
         "cpu": [{"manufacturer": "Intel(R) Corporation", "version": "Atom C3558"},
           {"manufacturer": "AMD", "version": "Ryzen 7 2700X"}],
         "systemInformation": [{"manufacturer": "Dell Inc."}, {"manufacturer": "Supermicro", "family": "X11"}],
         "labelSelectors": [{"zone": "west"}, {"zone": "east", "shared": "true"}]}}}
    """,
    "a ServerClass of processors only": """
    {"apiVersion": "metal.sidero.dev/v1alpha1", "kind": "ServerClass", "metadata": {"name": "cp.small.x86"},
     "spec": {"configPatches": [{"op": "add", "path": "/machine/network/interfaces/-", "value": {"dhcp": true}}],
       "qualifiers": {"cpu": [{"version": "Xeon E-2124G"}]}, "environmentRef": {"name": "production"},
       "bootFromDiskMethod": "http-404"}}
    """,
  ]
}
