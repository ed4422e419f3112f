variable "not_an_override" {}
