output "name" {
  description = "Name of the network"
  value       = terraform_data.network.output.name
}

output "subnets" {
  description = "Address ranges of the subnets, by name"
  value       = { for key, subnet in module.subnets : key => subnet.cidr }
}
