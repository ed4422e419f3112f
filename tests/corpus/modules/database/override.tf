output "overridden" {
  value = "second"
}

variable "engine" {
  default = "POSTGRES_15"
}

module "backup" {
  version = "2.0.0"
}
