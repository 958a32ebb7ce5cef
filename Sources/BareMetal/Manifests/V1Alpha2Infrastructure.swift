/// `infrastructure.cluster.x-k8s.io/v1alpha2` as Sidero wrote it before 0.5: the same fields as today.
enum V1Alpha2Infrastructure {
  static let apiVersion = "infrastructure.cluster.x-k8s.io/v1alpha2"
}
