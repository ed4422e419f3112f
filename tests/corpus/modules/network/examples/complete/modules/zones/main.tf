data "aws_availability_zones" "all" {}

output "names" {
  value       = data.aws_availability_zones.all.names
}
