variable "parts" {
  type    = list(string)
  default = []
}

output "name" {
  value = join("-", var.parts)
}
