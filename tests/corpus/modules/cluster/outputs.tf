output "name" {
  description = "Name of the cluster."
  value       = aws_eks_cluster.this.name
}

output "endpoint" {
  description = "Where its API answers."
  value       = aws_eks_cluster.this.endpoint
}

output "certificate_authority" {
  description = "PEM, in Base64."
  value       = aws_eks_cluster.this.certificate_authority[0].data
}

output "issuer" {
  value       = try(aws_eks_cluster.this.identity[0].oidc[0].issuer, "")
}

output "node_groups" {
  description = "Everything the node groups give."
  value       = module.node_group
}
