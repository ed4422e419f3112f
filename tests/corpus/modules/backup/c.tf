# Stands in for null
variable "null_description" {
  description = null
}

variable "quoted_type" {
  type = "map"
}

output "native_and_json" {
  description = "of the native file"
  value       = 1
}
