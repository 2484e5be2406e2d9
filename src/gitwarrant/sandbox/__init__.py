"""A real Kubernetes as supervised child processes, to try, test and drill against.

etcd, kube-apiserver, kube-controller-manager, kube-scheduler and KWOK, with an authority and client
certificates of its own, RBAC and the audit log on. Nothing listens beyond loopback, nothing is written
outside the sandbox's folder, and `down` leaves neither process nor file.
"""
