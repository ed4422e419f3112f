# only here
variable "region" {
  type    = string
  default = "local"
}

terraform {
  required_version = ">= 1.4"
}
