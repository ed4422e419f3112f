output "id" {
  description = "The network's id."
  value       = one(aws_vpc.this[*].id)
}

output "arn" {
  value       = one(aws_vpc.this[*].arn)
}

output "cidr_block" {
  description = "As it was given."
  value       = one(aws_vpc.this[*].cidr_block)
}

output "public_subnet_ids" {
  description = "In the order of zones."
  value       = [for subnet in aws_subnet.public : subnet.id]
}

output "private_subnet_ids" {
  value       = [for subnet in aws_subnet.private : subnet.id]
}

output "database_subnet_ids" {
  description = "For a group of one's own."
  value       = values(aws_subnet.database)[*].id
}

output "isolated_subnet_ids" {
  value       = values(aws_subnet.isolated)[*].id
}

output "nat_public_ips" {
  description = "For other people's allow lists."
  value       = aws_nat_gateway.this[*].public_ip
}

output "flow_log_id" {
  value       = module.flow_logs.id
}

output "zones" {
  value       = data.aws_availability_zones.here.names
}
